//! localstripe (PyPI): a program that keeps customers, cards, payments and refunds like Stripe.
//!
//! Here: starting it, and what a platform does at Stripe before and after a payment. It must be
//! installed: without it the tests fail, and `cargo xtask test` installs it.

use std::{
    net::{Ipv6Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::KEY;

/// A card that pays.
pub const GOOD: &str = "4242424242424242";
/// A card that can be saved, and whose charges are declined.
pub const DECLINED: &str = "4000000000000341";
/// A card that can't even be saved.
pub const NEVER_SAVED: &str = "4000000000000002";
/// A card whose bank asks its owner each time.
pub const ASKS: &str = "4000002500003155";

/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// The running program; it ends with the test.
pub struct LocalStripe {
    child: Child,
    pub base: String,
    client: reqwest::Client,
}

impl LocalStripe {
    pub fn start() -> Self {
        message_credits::tls::install();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/stripe");
        let modules = folder.join("python_modules");
        assert!(
            modules.join("localstripe").is_dir(),
            "localstripe is not installed: `cargo xtask test stripe` does it"
        );
        // It listens on all addresses of both kinds.
        let free = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("python3")
            .env("PYTHONPATH", modules)
            .args([
                "-m",
                "localstripe",
                "--from-scratch",
                "--port",
                &port.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut started = Self {
            child,
            base: format!("http://127.0.0.1:{port}"),
            client: reqwest::Client::new(),
        };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < START, "localstripe doesn't start");
            assert_eq!(started.child.try_wait().unwrap(), None, "localstripe ended");
            thread::sleep(Duration::from_millis(50));
        }
        started
    }

    /// Sends a form; the answer must be a success.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let request = self.client.post(format!("{}{path}", self.base)).form(form);
        done(request).await
    }

    pub async fn get(&self, path: &str) -> Value {
        done(self.client.get(format!("{}{path}", self.base))).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        done(self.client.delete(format!("{}{path}", self.base))).await
    }

    /// A new customer; its id.
    pub async fn customer(&self) -> String {
        id(&self.post("/v1/customers", &[("name", "Shop")]).await)
    }

    /// Saves a card for a customer; the card's id.
    pub async fn card(&self, customer: &str, number: &str) -> String {
        let card = self.new_card(number).await;
        let path = format!("/v1/payment_methods/{card}/attach");
        self.post(&path, &[("customer", customer)]).await;
        card
    }

    /// A card that belongs to nobody yet; its id.
    pub async fn new_card(&self, number: &str) -> String {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2030"),
            ("card[cvc]", "123"),
        ];
        id(&self.post("/v1/payment_methods", &form).await)
    }

    /// Gives back some of a payment.
    pub async fn refund(&self, intent: &str, amount: i64) {
        let amount = amount.to_string();
        let form = [("payment_intent", intent), ("amount", amount.as_str())];
        self.post("/v1/refunds", &form).await;
    }

    /// The amounts that were taken, in cents.
    pub async fn taken(&self) -> Vec<i64> {
        let charges = self.get("/v1/charges?limit=100").await;
        let charges = charges["data"].as_array().unwrap();
        charges
            .iter()
            .filter(|charge| charge["status"] == "succeeded")
            .map(|charge| charge["amount"].as_i64().unwrap())
            .collect()
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn done(request: reqwest::RequestBuilder) -> Value {
    let response = request.bearer_auth(KEY).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}
