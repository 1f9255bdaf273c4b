//! Shopify: purchases that a shop's owner approves at Shopify, and recharges on the shop's bill.
//!
//! Here: its settings and what each call does. A one-time purchase ([`purchases`]) needs an
//! approval every time. Recharges are usage charges ([`recharges`]) under a line with a cap for 30
//! days, which the owner approves once ([`mandate`]). Not here: when a call is made, and the limits
//! of the account itself.

mod amount;
mod answers;
mod client;
mod documents;
mod mandate;
mod purchases;
mod recharges;
mod shop;
mod tokens;
mod webhook;

use std::path::PathBuf;

use axum::http::HeaderMap;
use clap::{Args, builder::BoolishValueParser};
use domain::payment::Event;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use url::{Host, Url};

use self::{
    answers::{Payment, PaymentRead},
    client::{Caller, Client},
    shop::Shop,
};
use super::{
    Approval, CallError, Credential, Mandate, MandateWish, Merchant, Notice, Order, Provider,
    Rejected, Report, SettingsError, secret_setting,
};

/// The name in options and stored with purchases.
const NAME: &str = "shopify";
/// The version of the Admin API that the documents are written for.
const API_VERSION: &str = "2026-10";

/// The settings of the app at Shopify. None of them is needed unless --shopify-client-id is given.
#[derive(Debug, Clone, Default, Args)]
#[group(id = "shopify_settings")]
pub struct Settings {
    /// The client ID of the app at Shopify that shops install. Needs its client secret too: in the
    /// environment variable SHOPIFY_CLIENT_SECRET, or in a file.
    #[arg(long, env = "SHOPIFY_CLIENT_ID", value_name = "ID")]
    pub shopify_client_id: Option<String>,
    /// A file with the client secret of the app at Shopify, which also signs webhooks.
    #[arg(long, env = "SHOPIFY_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub shopify_client_secret_file: Option<PathBuf>,
    /// A file with the app's client secret before a rotation, whose signatures of webhooks are
    /// still accepted. The environment variable SHOPIFY_PREVIOUS_CLIENT_SECRET may hold the secret
    /// itself.
    #[arg(long, env = "SHOPIFY_PREVIOUS_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub shopify_previous_client_secret_file: Option<PathBuf>,
    /// The version of Shopify's Admin API, such as 2027-01; 2026-10 if left out.
    #[arg(long, env = "SHOPIFY_API_VERSION", value_name = "VERSION")]
    pub shopify_api_version: Option<String>,
    /// Make test charges at Shopify, which shops approve and nobody pays. Needs --allow-sandbox:
    /// the credits are real.
    #[arg(long, env = "SHOPIFY_TEST_CHARGES", value_parser = BoolishValueParser::new(),
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true")]
    pub shopify_test_charges: bool,
    /// Rehearsal: an address on this machine that answers for every shop.
    #[arg(long, hide = true, value_name = "URL")]
    pub shopify_base_url: Option<Url>,
}

/// The app at Shopify.
#[derive(Debug)]
struct App {
    client_id: String,
    secret: SecretString,
    version: String,
    /// Where requests go instead of to shops. Only ever an address of this machine.
    base_url: Option<Url>,
}

/// Shopify as a payment provider.
#[derive(Debug)]
pub struct Shopify {
    client: Client,
    previous_secret: Option<SecretString>,
    makes_test_charges: bool,
}

/// Shopify, if its client ID is given.
pub(super) fn configured(settings: &Settings) -> Result<Option<Shopify>, SettingsError> {
    let wrong = |text: &str| Err(SettingsError::Wrong(text.to_owned()));
    let secret = secret_setting::read(
        "SHOPIFY_CLIENT_SECRET",
        settings.shopify_client_secret_file.as_deref(),
    )?;
    let previous_secret = secret_setting::read(
        "SHOPIFY_PREVIOUS_CLIENT_SECRET",
        settings.shopify_previous_client_secret_file.as_deref(),
    )?;
    let client_id = settings.shopify_client_id.as_deref().map(str::trim);
    let (client_id, secret) = match (client_id, secret) {
        (None, None) if previous_secret.is_none() => return Ok(None),
        (None | Some(""), _) => {
            return wrong("--shopify-client-id (SHOPIFY_CLIENT_ID) is missing");
        }
        (Some(_), None) => {
            return wrong(
                "the client secret of Shopify is missing: set SHOPIFY_CLIENT_SECRET, or \
                 --shopify-client-secret-file (SHOPIFY_CLIENT_SECRET_FILE)",
            );
        }
        (Some(client_id), Some(secret)) => (client_id.to_owned(), secret),
    };
    let version = settings.shopify_api_version.as_deref();
    let version = version.unwrap_or(API_VERSION).to_owned();
    if !is_version(&version) {
        return wrong(
            "--shopify-api-version (SHOPIFY_API_VERSION) must be a version such as 2026-10",
        );
    }
    let base_url = settings.shopify_base_url.clone();
    if !base_url.as_ref().is_none_or(is_of_this_machine) {
        // Access tokens are sent there.
        return wrong(
            "--shopify-base-url must be an address of this machine, such as http://127.0.0.1:9000",
        );
    }
    let app = App {
        client_id,
        secret,
        version,
        base_url,
    };
    let client = Client::new(app).map_err(|cause| {
        SettingsError::Wrong(format!("TLS for Shopify can't be set up: {cause}"))
    })?;
    Ok(Some(Shopify {
        client,
        previous_secret,
        makes_test_charges: settings.shopify_test_charges,
    }))
}

/// Whether a text is a version of the Admin API: a year and a month, or "unstable".
fn is_version(text: &str) -> bool {
    let is_digits =
        |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    text == "unstable"
        || text
            .split_once('-')
            .is_some_and(|(year, month)| is_digits(year, 4) && is_digits(month, 2))
}

fn is_of_this_machine(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // What a name means may change.
        Some(Host::Domain(_)) | None => false,
    };
    is_loopback && ["http", "https"].contains(&url.scheme())
}

impl Shopify {
    fn client(&self) -> &Client {
        &self.client
    }

    /// Whether charges are tests, which nobody pays.
    fn is_test(&self) -> bool {
        self.makes_test_charges
    }

    /// Whether something on this machine answers for Shopify.
    fn is_rehearsal(&self) -> bool {
        self.client.app().base_url.is_some()
    }
}

#[async_trait::async_trait]
impl Provider for Shopify {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_real(&self) -> bool {
        !self.makes_test_charges
    }

    fn approval(&self) -> Approval {
        Approval::ProviderPage
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        Some(tokens::CREDENTIALS)
    }

    fn check_merchant(&self, id: &str) -> Result<String, String> {
        Shop::parse(id).map(|shop| shop.to_string()).ok_or_else(|| {
            written!("Must be the shop's own domain at Shopify, such as \"candles.myshopify.com\".")
                .to_owned()
        })
    }

    async fn begin(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        if order.reference.is_some() {
            return self.read(order, merchant).await;
        }
        let caller = Caller::new(merchant, Some(order.now))?;
        self.begin_purchase(&caller, order).await
    }

    async fn charge(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        if order.reference.is_some() {
            return self.read(order, merchant).await;
        }
        let caller = Caller::new(merchant, Some(order.now))?;
        self.charge_usage(&caller, order, merchant.mandate.as_deref())
            .await
    }

    async fn read(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        let caller = Caller::new(merchant, Some(order.now))?;
        let Some(reference) = order.reference.as_deref() else {
            return if order.is_automatic {
                let found = self.find_usage(&caller, order).await?;
                found.map_or(Ok(Report::of(Event::Absent)), |record| {
                    recharges::usage_report(order, &record)
                })
            } else {
                let found = self.find_purchase(&caller, order).await?;
                found.map_or(Ok(Report::of(Event::Absent)), |purchase| {
                    self.found(order, purchase)
                })
            };
        };
        let variables = json!({ "id": reference });
        let read: PaymentRead = self
            .client
            .ask(&caller, documents::READ_PAYMENT, variables)
            .await?;
        match read.node {
            Some(Payment::AppPurchaseOneTime(purchase)) => self.purchase_report(order, &purchase),
            Some(Payment::AppUsageRecord(record)) => recharges::usage_report(order, &record),
            Some(Payment::Other) | None => Ok(Report::of(Event::Absent)),
        }
    }

    async fn mandate(
        &self,
        merchant: &Merchant,
        ask: Option<&MandateWish>,
    ) -> Result<Mandate, CallError> {
        self.usage_mandate(&Caller::new(merchant, None)?, ask).await
    }

    fn receive(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, Rejected> {
        let secrets = [
            Some(&self.client.app().secret),
            self.previous_secret.as_ref(),
        ];
        webhook::receive(secrets.into_iter().flatten(), headers, body, now)
    }
}
