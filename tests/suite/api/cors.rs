//! Pages of other origins: in a real browser, allowed ones call the API and fetch files, others
//! can't.

use std::process::Command;

use axum::{Router, response::Html, routing::get};
use serde_json::json;

use crate::support::process::{ADMIN_KEY, Process, output};

/// A page that calls the API with a key, fetches a CSV file, and writes the results into itself.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><pre id="out">waiting</pre><script>
const api = 'API', key = 'KEY';
const gql = (query, variables) => fetch(api + '/graphql', {
  method: 'POST',
  headers: { authorization: 'Bearer ' + key, 'content-type': 'application/json', 'x-request-id': 'from-a-page',
    'on-behalf-of': 'Maria%20Nicol%C3%B2',
    'apollographql-client-name': 'page', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  body: JSON.stringify({ query, variables }),
});
(async () => {
  const created = await (await gql('mutation { createAccount(input: { name: "Shop" }) { account { id } } }')).json();
  const input = { accountId: created.data.createAccount.account.id, from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' };
  const answer = await gql('query($input: UsageReportInput!) { usageReportDownload(input: $input, format: CSV) { url } }', { input });
  const link = (await answer.json()).data.usageReportDownload.url;
  const file = await fetch(link);
  const text = await file.text();
  return { id: answer.headers.get('x-request-id'), name: file.headers.get('content-disposition'), text: text.slice(0, 12) };
})().then((seen) => 'seen ' + JSON.stringify(seen), (error) => 'refused ' + error)
  .then((text) => { document.getElementById('out').textContent = text; });
</script>"#;

/// The page's text in Chromium when it is served from a port of its own.
async fn shown(chromium: &str, page: String, listener: tokio::net::TcpListener) -> String {
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(move || async move { Html(page) }));
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new(chromium);
    browser.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=20000",
        "--dump-dom",
        &format!("--user-data-dir={}", profile.path().display()),
        &format!("http://127.0.0.1:{}/", address.port()),
    ]);
    let shown = tokio::task::spawn_blocking(move || browser.output().unwrap());
    let shown = String::from_utf8(shown.await.unwrap().stdout).unwrap();
    serving.abort();
    shown
}

fn database() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("cors.db").display()
    );
    (folder, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configured_origins_are_allowed() {
    let Ok(chromium) = std::env::var("CHROMIUM") else {
        eprintln!("SKIPPED: CHROMIUM is not set; cargo xtask test sets it");
        return;
    };
    for let_in in [true, false] {
        let (_folder, url) = database();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let origins = if let_in {
            own
        } else {
            "https://app.example".to_owned()
        };
        let server = Process::start(&["--database-url", &url, "--cors-origins", &origins]);
        let page = PAGE.replace("API", &server.base).replace("KEY", ADMIN_KEY);
        let shown = shown(&chromium, page, listener).await;
        if let_in {
            assert!(shown.contains("seen "), "{shown}");
            for part in [
                "\"id\":\"from-a-page\"",
                "attachment; filename=",
                "sent_at,list",
            ] {
                assert!(
                    shown.replace("&quot;", "\"").contains(part),
                    "{part}: {shown}"
                );
            }
        } else {
            assert!(shown.contains("refused TypeError"), "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preflights_list_allowed_origins() {
    message_credits::tls::install();
    let client = reqwest::Client::new();
    let asked = async |base: &str, path: &str, origin: &str| {
        client
            .request(reqwest::Method::OPTIONS, format!("{base}{path}"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
            .await
            .unwrap()
    };
    let app = "https://app.example";
    for (origins, origin, allowed) in [
        (None, app, None),
        (
            Some("https://app.example,http://localhost:3000"),
            app,
            Some(app),
        ),
        (
            Some("https://app.example,http://localhost:3000"),
            "https://evil.example",
            None,
        ),
        (Some("https://app.example"), "http://app.example", None),
        (Some("*"), "https://evil.example", Some("*")),
    ] {
        let (_folder, url) = database();
        let mut args = vec!["--database-url", &url];
        args.extend(
            origins
                .iter()
                .flat_map(|origins| ["--cors-origins", origins]),
        );
        let server = Process::start(&args);
        for path in ["/graphql", "/downloads/token/name.csv"] {
            let response = asked(&server.base, path, origin).await;
            let header = |name: &str| {
                let value = response.headers().get(name);
                value.map(|value| value.to_str().unwrap().to_owned())
            };
            assert_eq!(
                header("access-control-allow-origin").as_deref(),
                allowed,
                "{origins:?} {path}"
            );
            assert_eq!(header("access-control-allow-credentials"), None);
            assert_eq!(
                response.status() == 405,
                origins.is_none(),
                "{}",
                response.status()
            );
        }
        // No other origin is allowed.
        for path in ["/", "/checkout/token", "/metrics", "/healthz"] {
            let response = asked(&server.base, path, origin).await;
            assert!(
                !response
                    .headers()
                    .contains_key("access-control-allow-origin"),
                "{path}"
            );
        }
        let request = client
            .post(format!("{}/graphql", server.base))
            .header("origin", origin);
        let response = request
            .json(&json!({ "query": "{ __typename }" }))
            .send()
            .await
            .unwrap();
        let headers = response.headers();
        let seen = headers
            .get("access-control-allow-origin")
            .map(|value| value.to_str().unwrap());
        assert_eq!(seen, allowed);
        if allowed.is_some() {
            let exposed = headers["access-control-expose-headers"].to_str().unwrap();
            assert_eq!(exposed, "x-request-id,retry-after,content-disposition");
        }
    }
}

#[test]
fn invalid_origins_are_refused_at_startup() {
    for origins in [
        "app.example",
        "https://app.example/page",
        "*,https://app.example",
    ] {
        let (_folder, url) = database();
        let refused = output(&[
            "--database-url",
            &url,
            "--cors-origins",
            origins,
            "--listen",
            "127.0.0.1:0",
        ]);
        assert_eq!(refused.status.code(), Some(1), "{origins}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(
            text.contains("--cors-origins") && text.contains("https://app.example"),
            "{text}"
        );
    }
}
