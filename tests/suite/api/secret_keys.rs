//! The operator's keys for secrets: their sources, a server that lacks one, and the command that
//! encrypts everything with the first.

use domain::id::AccountId;
use entity::sql_enums::Role;
use message_credits::{
    app::{self, Settings},
    clock::Clock,
    config::serving::Shown,
    http::{address::TrustedProxies, capacity::Capacity, cors::CorsOrigins, shares::Rates},
    ledger::Actor,
    operations::{
        Viewer,
        account::CreateAccount,
        payment_connection::{ConnectPayments, NewCredential},
    },
    payments::Providers,
};

use crate::support::{
    payment_connection::{KEYS, vault},
    postgres_database,
    process::{Process, command, output},
    test_provider::TestProvider,
};

const TOKEN: &str = "token-of-the-shop";

/// A database with accounts whose credentials are encrypted with a key.
async fn connected(url: &str, key: &str, accounts: u32) {
    let store = app::migrate(url).await.unwrap();
    let provider = TestProvider::with_tokens(TOKEN);
    let settings = Settings {
        public_url: "http://127.0.0.1".parse().unwrap(),
        admin_key: None,
        clock: Clock::system(),
        payments: Providers::of([provider.shared()]),
        replica: None,
        vault: vault(&[key]),
        retention: message_credits::operations::retention::Retention::default(),
        shown: Shown::default(),
        demo_key: None,
        trusted_proxies: TrustedProxies::default(),
        cors_origins: CorsOrigins::default(),
        rates: Rates::default(),
        capacity: Capacity::default(),
        trusted: Default::default(),
        openid: None,
    };
    let services = app::assemble(store.clone(), settings).services;
    for number in 0..accounts {
        let new = CreateAccount {
            name: format!("Shop {number}"),
            time_zone: None,
            currency_code: None,
            rate_card: None,
        };
        let account = AccountId::new(
            services
                .create_account(&Actor::ADMINISTRATOR, new)
                .await
                .unwrap()
                .id,
        );
        let credentials = ["accessToken", "refreshToken"].map(|name| NewCredential {
            name: name.to_owned(),
            value: TOKEN.to_owned().into(),
        });
        let new = ConnectPayments {
            account,
            merchant: "shop.example".to_owned(),
            credentials: credentials.into(),
        };
        let admin = Viewer {
            key: None,
            role: Role::PlatformAdmin,
            account: None,
            on_behalf_of: None,
            token: None,
            trusted_documents_only: false,
        };
        services.connect_payments(&admin, new).await.unwrap();
    }
    store.close().await;
}

/// What `secret rotate-keys` says with these keys, and whether it succeeds.
fn rotated(url: &str, keys: &[&str]) -> (bool, String) {
    let mut rotate = command(&["secret", "rotate-keys", "--database-url", url]);
    let output = rotate.env("SECRET_KEYS", keys.join(",")).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

async fn secrets_are_rotated_by_a_command(url: String) {
    connected(&url, KEYS[0], 3).await;
    let serve = ["serve", "--database-url", &url];
    let served = |keys: &[&str]| {
        let server = Process::run(command(&serve).env("SECRET_KEYS", keys.join("\n")));
        server.terminated_log()
    };
    let log = served(&[KEYS[1]]);
    assert!(
        log.contains("isn't configured") && log.contains("first"),
        "{log}"
    );
    assert!(!log.contains(&KEYS[1][7..]), "{log}");
    let (done, said) = rotated(&url, &[KEYS[1]]);
    assert!(
        !done && said.contains("of 3 connections can't be decrypted with the key first"),
        "{said}"
    );
    let (done, said) = rotated(&url, &[KEYS[1], KEYS[0]]);
    assert!(
        done && said.contains("of 3 connections with the key second; those of 0"),
        "{said}"
    );
    let (done, said) = rotated(&url, &[KEYS[1]]);
    assert!(
        done && said.contains("of 0 connections with the key second; those of 3"),
        "{said}"
    );
    let log = served(&[KEYS[1]]);
    assert!(!log.contains("isn't configured"), "{log}");
}

/// On SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_rotated_by_a_command_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.db");
    secrets_are_rotated_by_a_command(format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// On PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_rotated_by_a_command_on_postgres() {
    if let Some(url) = postgres_database().await {
        secrets_are_rotated_by_a_command(url).await;
    }
}

/// Keys come from a file or the environment, and a server with unusable ones doesn't start.
#[test]
fn unusable_keys_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("keys.db").display()
    );
    let file = folder.path().join("keys");
    std::fs::write(&file, KEYS.join("\n")).unwrap();
    let file = file.display().to_string();
    let rotate = ["secret", "rotate-keys", "--database-url", &url];
    let refused = |output: std::process::Output, said: &str| {
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(said), "{text}");
    };
    refused(output(&rotate), "no keys are configured");
    let with_file = [rotate.as_slice(), &["--secret-keys-file", &file]].concat();
    let twice = command(&with_file)
        .env("SECRET_KEYS", KEYS[0])
        .output()
        .unwrap();
    refused(twice, "both set");
    let serve = ["serve", "--database-url", &url, "--listen", "127.0.0.1:0"];
    let wrong = command(&serve)
        .env("SECRET_KEYS", "first:short")
        .output()
        .unwrap();
    refused(wrong, "key 1 for secrets");
    let done = output(&with_file);
    assert!(done.status.success(), "{done:?}");
}
