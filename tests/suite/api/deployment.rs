//! What a server exposes when it is started: credits, files, keys on command lines, its own
//! workings.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    process::{self, ADMIN_KEY, Process},
    purchase::PURCHASE,
};

fn url(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("deployed.db").display())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn get(server: &Process, path: &str) -> (StatusCode, String) {
    let response = reqwest::get(format!("{}{path}", server.base))
        .await
        .unwrap();
    (response.status(), response.text().await.unwrap())
}

/// The only field of an operation's data, as the administrator.
async fn asked(server: &Process, query: &str, variables: Value) -> Value {
    let mut answer = server.graphql(ADMIN_KEY, query, variables).await.unwrap();
    let data = answer["data"].as_object_mut().unwrap();
    data.values_mut().next().unwrap().take()
}

/// An account and a package; their ids.
async fn shop(server: &Process) -> (Value, Value) {
    let account = "mutation { createAccount(input: { name: \"Shop\" }) { account { id } } }";
    let mut account = asked(server, account, json!({})).await;
    let package = "mutation { createCreditPackage(input: { code: \"one\", name: \"One\", credits: \"1000\",
        price: { amount: \"49.90\", currencyCode: \"EUR\" } }) { package { id } userErrors { message } } }";
    let mut package = asked(server, package, json!({})).await;
    (
        account["account"]["id"].take(),
        package["package"]["id"].take(),
    )
}

#[tokio::test]
async fn serve_sells_nothing_without_a_chosen_provider() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let serve = ["serve", "--database-url", &url];

    let server = Process::start(&serve);
    let (account, package) = shop(&server).await;
    let input = |key: &str| json!({ "input": { "accountId": account, "packageId": package, "idempotencyKey": key } });
    let begun = asked(&server, PURCHASE, input("first")).await;
    let page = begun["purchase"]["confirmationUrl"].as_str().unwrap();
    let page = page.strip_prefix(&server.base).unwrap().to_owned();
    server.kill();

    let server = Process::run(&mut process::command(&serve));
    assert!(
        server.welcome.contains("nothing can be bought"),
        "{}",
        server.welcome
    );
    assert_eq!(
        get(&server, "/readyz").await,
        (StatusCode::OK, "ready".to_owned())
    );
    let refused = asked(&server, PURCHASE, input("second")).await;
    assert_eq!(refused["purchase"], Value::Null);
    assert_eq!(
        refused["userErrors"][0]["code"], "PAYMENT_FAILED",
        "{refused}"
    );
    let again = asked(&server, PURCHASE, input("first")).await;
    assert_eq!(again["purchase"]["status"], "PENDING", "{again}");
    assert_eq!(again["purchase"]["confirmationUrl"], Value::Null, "{again}");
    // Its page says that nothing is sold, and decides nothing.
    let (status, text) = get(&server, &page).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("can’t be decided") && !text.contains("<form"),
        "{text}"
    );
    let client = reqwest::Client::new();
    let decided = |server: &Process, decision: &str| {
        let post = client.post(format!("{}{page}", server.base));
        post.form(&[("decision", decision)]).send()
    };
    for decision in ["approve", "decline"] {
        assert_eq!(
            decided(&server, decision).await.unwrap().status(),
            StatusCode::CONFLICT
        );
    }
    let standing =
        "query($id: ID!) { account(id: $id) { balance { total } purchases { nodes { status } } } }";
    let id = json!({ "id": account });
    let before = asked(&server, standing, id.clone()).await;
    assert_eq!(before["balance"]["total"], "0", "{before}");
    assert_eq!(
        before["purchases"]["nodes"],
        json!([{ "status": "PENDING" }])
    );
    server.kill();

    // If the sandbox is chosen again, its purchases go on.
    let server = Process::start(&serve);
    assert_eq!(
        decided(&server, "approve").await.unwrap().status(),
        StatusCode::OK
    );
    let after = asked(&server, standing, id).await;
    assert_eq!(after["balance"]["total"], "1000", "{after}");
}

#[tokio::test]
async fn the_sandbox_must_be_allowed_and_is_labelled() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let serve = [
        "serve",
        "--database-url",
        &url,
        "--payment-provider",
        "sandbox",
    ];
    let refused = process::output(&serve);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("--allow-sandbox"),
        "{}",
        said(&refused)
    );

    let mut command = process::command(&serve);
    command.arg("--allow-sandbox");
    let server = Process::run(&mut command);
    assert!(
        server.welcome.contains("nobody is charged"),
        "{}",
        server.welcome
    );
    let (status, text) = get(&server, "/readyz").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.starts_with("ready\npayments: sandbox"), "{text}");
    let (account, package) = shop(&server).await;
    let input =
        json!({ "input": { "accountId": account, "packageId": package, "idempotencyKey": "k" } });
    let begun = asked(&server, PURCHASE, input).await;
    let page = begun["purchase"]["confirmationUrl"].as_str().unwrap();
    let page = reqwest::get(page).await.unwrap().text().await.unwrap();
    assert!(
        page.contains("Test payment.") && page.contains("Nobody is charged"),
        "{page}"
    );
    let log = server.into_log();
    assert!(log.contains("nobody is charged"), "{log}");
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn database_files_are_private_to_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    // Whatever the umask allows.
    let mut command = Command::new("sh");
    let program = process::command(&[]);
    command
        .args(["-c", "umask 0; exec \"$0\" serve --database-url \"$1\""])
        .arg(program.get_program())
        .arg(&url);
    process::quiet(&mut command);
    let server = Process::run(&mut command);
    shop(&server).await;
    let file = |ending: &str| folder.path().join(format!("deployed.db{ending}"));
    for ending in ["", "-wal", "-shm"] {
        assert_eq!(mode(&file(ending)), 0o600, "{ending}");
    }
    server.kill();

    // A file that others may read is reported at every start, and left unchanged.
    fs::set_permissions(file(""), fs::Permissions::from_mode(0o644)).unwrap();
    let verified = process::output(&["verify", "--database-url", &url]);
    assert!(verified.status.success());
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&verified.stdout),
        said(&verified)
    );
    assert!(
        said.contains("chmod 600") && said.contains("deployed.db"),
        "{said}"
    );
    assert_eq!(mode(&file("")), 0o644);
}

#[tokio::test]
async fn the_admin_key_comes_from_environment_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let refused = |change: &dyn Fn(&mut Command), why: &str, secret: &str| {
        let mut command = process::command(&["serve", "--database-url", &url]);
        change(command.env("LISTEN", "127.0.0.1:0"));
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{why}");
        assert!(said(&output).contains(why), "{}", said(&output));
        assert!(!said(&output).contains(secret), "{}", said(&output));
    };
    let good = "kq2sLZUUfa9JCpWl8gXBG5pJGqqI2bZCRk4FJ5ufnCM=";
    let option = |command: &mut Command| {
        command.args(["--admin-api-key", good]);
    };
    refused(&option, "ADMIN_API_KEY_FILE", good);
    let one = |command: &mut Command| {
        command.arg(format!("--admin-api-key={good}"));
    };
    refused(&one, "ADMIN_API_KEY_FILE", good);
    for (weak, why) in [
        ("aaaaaaaaaaaaaaaa", "has 16 characters"),
        (
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "repeats itself",
        ),
    ] {
        let environment = |command: &mut Command| {
            command.env("ADMIN_API_KEY", weak);
        };
        refused(&environment, "openssl rand -base64 32", weak);
        refused(&environment, why, weak);
    }
    let file = folder.path().join("key");
    fs::write(&file, format!("{good}\n")).unwrap();
    let both = |command: &mut Command| {
        command
            .env("ADMIN_API_KEY", good)
            .env("ADMIN_API_KEY_FILE", &file);
    };
    refused(&both, "both set", good);

    let mut command = process::command(&["serve", "--database-url", &url]);
    command.arg("--admin-api-key-file").arg(&file);
    let server = Process::without_admin_key(&mut command);
    let answer = server
        .graphql(good, "{ viewer { role } }", json!({}))
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["viewer"]["role"], "PLATFORM_ADMIN",
        "{answer}"
    );
}

/// Whether GraphiQL, introspection, suggestions and metrics answer.
async fn shown(server: &Process) -> [bool; 4] {
    let (graphiql, text) = get(server, "/graphiql").await;
    // If the page isn't built, a placeholder says so.
    let graphiql = graphiql == StatusCode::OK || text.contains("npm");
    let introspect =
        "query($name: String!) { ...F } fragment F on Query { __type(name: $name) { name } }";
    let answer = server
        .graphql(ADMIN_KEY, introspect, json!({ "name": "Query" }))
        .await
        .unwrap();
    let introspected = answer["data"]["__type"]["name"] == "Query";
    if !introspected {
        let error = &answer["errors"][0];
        assert_eq!(
            error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{answer}"
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("Introspection is off"),
            "{answer}"
        );
    }
    let schema = server
        .graphql(ADMIN_KEY, "{ __schema { queryType { name } } }", json!({}))
        .await
        .unwrap();
    assert_eq!(
        schema["data"]["__schema"]["queryType"]["name"] == "Query",
        introspected,
        "{schema}"
    );
    let mut suggested = Vec::new();
    for wrong in [
        "{ viewr { role } }",
        "{ viewer { accounts(frst: 1) { totalCount } } }",
    ] {
        let answer = server.graphql(ADMIN_KEY, wrong, json!({})).await.unwrap();
        let message = answer["errors"][0]["message"].as_str().unwrap().to_owned();
        suggested.push(message.contains("Did you mean"));
    }
    assert_eq!(suggested[0], suggested[1]);
    let (metrics, _) = get(server, "/metrics").await;
    [
        graphiql,
        introspected,
        suggested[0],
        metrics == StatusCode::OK,
    ]
}

#[tokio::test]
async fn production_reveals_nothing_to_anonymous_clients() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let started = |words: &[&str]| {
        let mut command = process::command(&["serve", "--database-url", &url]);
        Process::behind_its_public_url(command.args(words))
    };
    let server = started(&[]);
    assert_eq!(shown(&server).await, [true; 4]);
    server.kill();
    let https = ["--public-url", "https://credits.example"];
    let server = started(&https);
    assert_eq!(shown(&server).await, [false; 4]);
    let typename = server
        .graphql(ADMIN_KEY, "{ __typename }", json!({}))
        .await
        .unwrap();
    assert_eq!(typename["data"]["__typename"], "Query", "{typename}");
    server.kill();
    let server = started(&["--production", "--introspection", "--metrics"]);
    assert_eq!(shown(&server).await, [false, true, true, true]);
}

#[tokio::test]
async fn security_headers_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    for (public, strict) in [
        ("https://credits.example", true),
        ("http://credits.example", false),
    ] {
        let mut command = process::command(&["serve", "--database-url", &url]);
        let server = Process::behind_its_public_url(command.args(["--public-url", public]));
        for path in [
            "/",
            "/graphql?query=%7B__typename%7D",
            "/checkout/none",
            "/downloads/none/x.csv",
            "/nowhere",
        ] {
            let response = reqwest::get(format!("{}{path}", server.base))
                .await
                .unwrap();
            let header = |name: &str| {
                response
                    .headers()
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            let expected = strict.then(|| "max-age=31536000".to_owned());
            assert_eq!(header("strict-transport-security"), expected, "{path}");
            assert_eq!(
                header("cross-origin-opener-policy").as_deref(),
                Some("same-origin"),
                "{path}"
            );
            assert_eq!(
                header("cross-origin-resource-policy").as_deref(),
                Some("same-origin"),
                "{path}"
            );
            assert_eq!(
                header("x-content-type-options").as_deref(),
                Some("nosniff"),
                "{path}"
            );
        }
        let page = reqwest::get(format!("{}/", server.base)).await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("style-src 'self' 'nonce-") && !policy.contains("unsafe"),
            "{policy}"
        );
        server.kill();
    }
}
