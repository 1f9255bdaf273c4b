//! Shopify's double, which is a program of its own in `tests/clients/shopify`, and the provider
//! that asks it.
//!
//! Here: starting it, telling it what to do, and a merchant whose tokens are kept in memory. Not
//! here: what the provider does.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use domain::{
    id::{AccountId, PurchaseId},
    money::{Currency, Money},
};
use jiff::Timestamp;
use message_credits::payments::{
    CallError, Credentials, Merchant, Order, Provider, ProviderSettings, Providers, Renew, Secrets,
    shopify::Settings,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// The shop of these tests.
pub const SHOP: &str = "candles.myshopify.com";
/// The time at which the double begins.
pub const START: &str = "2026-11-22T08:00:00Z";
/// The app's client secret at the double.
pub const SECRET: &str = "client-secret-0123456789";

/// The folder of the double.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/shopify")
}

/// A running double with one shop. It ends when the test does.
pub struct Double {
    child: Child,
    http: reqwest::Client,
    pub base: String,
}

impl Double {
    /// Starts one with a shop whose bills are in US dollars; `None`, with a printed line, if its
    /// libraries aren't installed.
    pub async fn start() -> Option<Self> {
        Self::billing_in("USD").await
    }

    /// The same with another currency.
    pub async fn billing_in(currency: &str) -> Option<Self> {
        if !folder().join("node_modules").is_dir() {
            eprintln!(
                "SKIPPED: {} has no node_modules; cargo xtask test installs them",
                folder().display()
            );
            return None;
        }
        let mut child = Command::new("node")
            .current_dir(folder())
            .arg("double.mjs")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut base = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut base).unwrap();
        message_credits::tls::install();
        let double = Self {
            child,
            http: reqwest::Client::new(),
            base: base.trim().to_owned(),
        };
        double
            .script(json!([
                { "do": "clock", "at": START },
                { "do": "install", "shop": SHOP, "currency": currency },
            ]))
            .await;
        Some(double)
    }

    /// Has it do something; the results, one for each command.
    pub async fn script(&self, commands: Value) -> Value {
        let url = format!("{}/_script", self.base);
        let answer = self.http.post(url).json(&commands).send().await.unwrap();
        assert!(answer.status().is_success(), "{commands}: {answer:?}");
        answer.json().await.unwrap()
    }

    /// Has it do something to the shop.
    pub async fn shop(&self, action: &str, mut fields: Value) -> Value {
        fields["do"] = json!(action);
        fields["shop"] = json!(SHOP);
        self.script(fields).await[0].take()
    }

    /// The next request of this name meets a fault.
    pub async fn fail(&self, on: &str, with: &str) {
        self.script(json!({ "do": "fail", "on": on, "with": with }))
            .await;
    }

    /// What the shop has, and which requests came.
    pub async fn state(&self) -> Value {
        let url = format!("{}/_state", self.base);
        let mut state: Value = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            state["invalid"],
            json!([]),
            "a document that Shopify would refuse"
        );
        let mut shop = state["shops"][SHOP].take();
        shop["requests"] = state["requests"].take();
        shop
    }

    /// How many requests of this name came.
    pub async fn count(&self, name: &str) -> usize {
        let state = self.state().await;
        let requests = state["requests"].as_array().unwrap();
        requests.iter().filter(|request| *request == name).count()
    }

    /// The provider that asks this double.
    pub fn provider(&self) -> Arc<dyn Provider> {
        self.provider_with(|_| {})
    }

    /// The same with other settings.
    pub fn provider_with(&self, set: impl FnOnce(&mut Settings)) -> Arc<dyn Provider> {
        let (settings, _file) = settings(|settings| {
            settings.shopify_base_url = Some(self.base.parse().unwrap());
            set(settings);
        });
        let providers = Providers::new(Some("shopify"), &settings).unwrap();
        providers.selling().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings that are complete, with the file of the client secret.
pub fn settings(set: impl FnOnce(&mut Settings)) -> (ProviderSettings, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    let mut settings = Settings {
        shopify_client_id: Some("client-id".to_owned()),
        shopify_client_secret_file: Some(file.path().to_owned()),
        ..Settings::default()
    };
    set(&mut settings);
    let all = ProviderSettings {
        shopify: settings,
        ..ProviderSettings::default()
    };
    (all, file)
}

/// Tokens in memory. One caller renews them, and the others wait.
#[derive(Debug)]
pub struct Tokens(Mutex<Secrets>);

impl Tokens {
    /// The tokens that the double begins with, and when the access token expires.
    pub fn expiring_at(at: &str) -> Arc<Self> {
        let secrets = [
            ("accessToken", "token-1"),
            ("refreshToken", "refresh-1"),
            ("expiresAt", at),
        ];
        Self::of(&secrets)
    }

    /// These tokens.
    pub fn of(secrets: &[(&str, &str)]) -> Arc<Self> {
        let secrets = secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()));
        Arc::new(Self(Mutex::new(secrets.collect())))
    }

    /// A token in clear.
    pub async fn get(&self, name: &str) -> Option<String> {
        let secrets = self.0.lock().await;
        secrets
            .get(name)
            .map(|secret| secret.expose_secret().to_owned())
    }
}

#[async_trait::async_trait]
impl Credentials for Tokens {
    async fn current(&self) -> Result<Secrets, CallError> {
        Ok(self.0.lock().await.clone())
    }

    async fn renewed(&self, stale: &Secrets, renew: Renew<'_>) -> Result<Secrets, CallError> {
        let clear = |secrets: &Secrets| -> Vec<String> {
            let texts = secrets
                .values()
                .map(|secret| secret.expose_secret().to_owned());
            texts.collect()
        };
        let mut kept = self.0.lock().await;
        if clear(&kept) == clear(stale) {
            *kept = renew(kept.clone()).await?;
        }
        Ok(kept.clone())
    }
}

/// The shop with these tokens and a permission to charge it.
pub fn merchant_of(tokens: Arc<Tokens>, mandate: Option<&str>) -> Merchant {
    Merchant {
        account: AccountId::new(uuid::Uuid::nil()),
        id: Some(SHOP.to_owned()),
        credentials: tokens,
        mandate: mandate.map(str::to_owned),
    }
}

/// The shop with tokens that work.
pub fn merchant() -> Merchant {
    charged_under(None)
}

/// The same with a permission to charge it.
pub fn charged_under(mandate: Option<&str>) -> Merchant {
    merchant_of(Tokens::expiring_at("2026-11-22T09:00:00Z"), mandate)
}

/// An amount in US dollars.
pub fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::new("USD".parse().unwrap(), 2).unwrap())
}

/// A new purchase, of which Shopify knows nothing yet.
pub fn order(price: Money) -> Order {
    let now: Timestamp = START.parse().unwrap();
    Order {
        purchase: PurchaseId::new(message_credits::clock::id_at(now)),
        description: "Starter: 1000 credits for Candles".to_owned(),
        price,
        return_url: Some("https://app.example/credits?purchase=1".parse().unwrap()),
        home_url: "https://credits.example/".parse().unwrap(),
        now,
        created_at: now,
        called_at: None,
        reference: None,
        is_automatic: false,
    }
}

/// The same order after a call that gave this reference, or none.
pub fn called(order: &Order, reference: Option<&str>) -> Order {
    Order {
        called_at: Some(order.now),
        reference: reference.map(str::to_owned),
        ..order.clone()
    }
}
