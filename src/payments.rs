//! Payment providers: the one interface to all of them.
//!
//! A provider is a file here with its settings, and a word in the list below; nothing else knows
//! its name. It is called outside of any database transaction, with the purchase's id as the
//! idempotency key, which a crash and a restart repeat (law R4). What a call returns is believed
//! only if it comes from the provider itself: a webhook's payload isn't.
//!
//! Here: what is asked and what is answered. Not here: what becomes of a purchase
//! ([`crate::operations::payment`], [`domain::payment`]) and how credentials are kept
//! ([`crate::operations::payment_connection`]).

mod secret_setting;

use std::{collections::BTreeMap, fmt::Debug, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use clap::Args;
use domain::{
    id::{AccountId, PurchaseId},
    money::Money,
    payment::Event,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

/// The provider that the demo uses: it charges nobody.
pub const DEMO: &str = sandbox::NAME;

/// The time that a provider may take for an answer. After that the payment's state is unknown.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

macro_rules! providers {
    ($($name:ident),+ $(,)?) => {
        $(pub mod $name;)+

        /// The settings of every provider.
        #[derive(Debug, Clone, Default, Args)]
        pub struct ProviderSettings {
            $(
                #[doc = concat!("The settings of the provider ", stringify!($name), ".")]
                #[command(flatten)]
                pub $name: $name::Settings,
            )+
        }

        /// The names of all providers, as options and rows have them.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// The providers whose settings are complete, by name.
        fn configured(settings: &ProviderSettings) -> Result<BTreeMap<&'static str, Arc<dyn Provider>>, SettingsError> {
            let mut found: BTreeMap<&'static str, Arc<dyn Provider>> = BTreeMap::new();
            $(
                if let Some(provider) = $name::configured(&settings.$name)? {
                    found.insert(stringify!($name), Arc::new(provider));
                }
            )+
            Ok(found)
        }
    };
}

providers!(sandbox, shopify, stripe);

/// Why the providers' settings can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A setting is missing or wrong.
    #[error("{0}")]
    Wrong(String),
    /// The chosen provider has no settings.
    #[error("the payment provider {0} needs its settings; docs/payments.md lists them")]
    Missing(String),
}

/// The configured providers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    selling: Option<Arc<dyn Provider>>,
    all: BTreeMap<&'static str, Arc<dyn Provider>>,
}

impl Providers {
    /// The providers by their settings, of which `selling` takes new payments. The others still
    /// answer for the payments that were begun with them.
    ///
    /// # Errors
    /// A setting is wrong, or those of `selling` are missing.
    pub fn new(selling: Option<&str>, settings: &ProviderSettings) -> Result<Self, SettingsError> {
        let all = configured(settings)?;
        let selling = match selling {
            None => None,
            Some(name) => {
                let found = all.get(name).cloned();
                Some(found.ok_or_else(|| SettingsError::Missing(name.to_owned()))?)
            }
        };
        Ok(Self { selling, all })
    }

    /// These providers, the first of which takes new payments. For tests and benches.
    #[must_use]
    pub fn of(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        let providers: Vec<_> = providers.into_iter().collect();
        Self {
            selling: providers.first().cloned(),
            all: providers.into_iter().map(|one| (one.name(), one)).collect(),
        }
    }

    /// The provider of new payments; nothing is sold without one.
    #[must_use]
    pub fn selling(&self) -> Option<&Arc<dyn Provider>> {
        self.selling.as_ref()
    }

    /// The provider that a purchase was begun with, if it is still configured.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.all.get(name)
    }

    /// The names of the configured providers.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all.keys().copied()
    }
}

/// A payment provider.
#[async_trait::async_trait]
pub trait Provider: Debug + Send + Sync {
    /// The name in options and stored with purchases.
    fn name(&self) -> &'static str;

    /// Whether its payments move real money.
    fn is_real(&self) -> bool;

    /// Whose page the buyer approves a payment on.
    fn approval(&self) -> Approval;

    /// The credentials that connecting an account needs; `None` if accounts need no connection.
    fn credentials(&self) -> Option<&'static [Credential]>;

    /// Checks the id of a shop or customer, and returns it as the provider writes it.
    ///
    /// # Errors
    /// What would be right, in words for whoever connects the account.
    fn check_merchant(&self, id: &str) -> Result<String, String> {
        Ok(id.to_owned())
    }

    /// Begins a payment that its buyer approves, or finds the one that was begun for the same
    /// purchase. If [`Order::called_at`] is set, an earlier call may have begun it.
    async fn begin(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError>;

    /// Takes a payment without its buyer, or finds the one that was taken for the same purchase.
    async fn charge(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError>;

    /// Reads the state of a payment. If its reference isn't known, the provider looks for it by the
    /// purchase; [`Event::Absent`] if there is none.
    async fn read(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError>;

    /// Ends a payment that was canceled here before its buyer approved it, if the provider can, and
    /// reads what became of it. One that can't be ended goes on waiting.
    async fn cancel(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        self.read(order, merchant).await
    }

    /// The permission to charge a merchant without its buyer. With `ask`, a permission up to that
    /// price in the provider's period is asked for if there is none or a smaller one, which may
    /// take an approval.
    async fn mandate(
        &self,
        merchant: &Merchant,
        ask: Option<&MandateWish>,
    ) -> Result<Mandate, CallError>;

    /// Checks a webhook's signature and reads what it is about.
    ///
    /// # Errors
    /// It isn't the provider's, too old, or can't be read.
    fn receive(&self, headers: &HeaderMap, body: &[u8], now: Timestamp)
    -> Result<Notice, Rejected>;
}

/// Whose page a buyer approves a payment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// This server's. Anybody who has its address may approve, so that only those who may approve
    /// see it (law R1).
    OwnPage,
    /// The provider's, which asks who the buyer is.
    ProviderPage,
}

/// A credential that connecting an account needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// Its name in the API.
    pub name: &'static str,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// A purchase as its provider needs it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The idempotency key: a provider charges once for one purchase, however often it is called.
    pub purchase: PurchaseId,
    /// What is bought, in the buyer's words.
    pub description: String,
    /// The price.
    pub price: Money,
    /// Where the buyer returns afterwards, with the purchase's id.
    pub return_url: Option<Url>,
    /// This server's own page, for buyers without a return URL.
    pub home_url: Url,
    /// The time of the call.
    pub now: Timestamp,
    /// When the purchase was created.
    pub created_at: Timestamp,
    /// When the provider was first asked to take the payment; `None` before the first call.
    pub called_at: Option<Timestamp>,
    /// The provider's reference, once it is known.
    pub reference: Option<String>,
    /// Whether it is charged without its buyer.
    pub is_automatic: bool,
}

/// An account at a provider.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// The account.
    pub account: AccountId,
    /// The shop or customer; `None` if accounts need no connection.
    pub id: Option<String>,
    /// Its credentials.
    pub credentials: Arc<dyn Credentials>,
    /// The reference of the permission to charge without the buyer, as [`Mandate::reference`] was.
    pub mandate: Option<String>,
}

/// Credentials by name.
pub type Secrets = BTreeMap<String, SecretString>;

/// Gets new credentials for old ones.
pub type Renew<'a> =
    Box<dyn FnOnce(Secrets) -> BoxFuture<'a, Result<Secrets, CallError>> + Send + 'a>;

/// The credentials of a merchant, which the server keeps encrypted.
#[async_trait::async_trait]
pub trait Credentials: Debug + Send + Sync {
    /// The current credentials.
    async fn current(&self) -> Result<Secrets, CallError>;

    /// Replaces credentials that the provider no longer accepts. Of all callers in all processes
    /// one renews and the others wait for its result; if `stale` aren't the current ones, the
    /// current ones are returned and nothing is renewed.
    async fn renewed(&self, stale: &Secrets, renew: Renew<'_>) -> Result<Secrets, CallError>;
}

/// What a provider answers about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What happened to it.
    pub event: Event,
    /// The provider's reference; unique, and grants no access.
    pub reference: Option<String>,
    /// Where the buyer approves it, if the provider has a page for that.
    pub confirmation_url: Option<Url>,
    /// Why it was declined or failed, in words for the owner.
    pub reason: Option<String>,
    /// What the provider has taken back of the price so far, in the currency's minor unit: refunds
    /// and chargebacks.
    pub reversed_minor: i64,
}

impl Report {
    /// A report of this event and nothing else.
    #[must_use]
    pub fn of(event: Event) -> Self {
        Self {
            event,
            reference: None,
            confirmation_url: None,
            reason: None,
            reversed_minor: 0,
        }
    }
}

/// Why a call has no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The provider did not answer, or not sensibly: the call may have had its effect.
    #[error("the provider did not answer: {0}")]
    NoAnswer(String),
    /// The provider did not do it now; ask again after this time.
    #[error("the provider is busy for {} seconds", .0.as_secs())]
    Busy(Duration),
    /// The provider accepts nothing for this merchant until somebody acts. Nothing was done.
    #[error("the merchant can't be charged: {0}")]
    Merchant(MerchantTrouble),
}

/// Why a merchant can't be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MerchantTrouble {
    /// The account isn't connected to the provider.
    #[error("the account isn't connected to the payment provider")]
    NotConnected,
    /// The credentials are refused.
    #[error("the payment provider refuses the account's credentials")]
    Unauthorized,
    /// The shop or customer is frozen, for example for unpaid bills.
    #[error("the shop is frozen at the payment provider")]
    Frozen,
    /// The shop has removed the app, or the customer is deleted.
    #[error("the shop has removed the app")]
    Uninstalled,
}

/// A permission to ask for.
#[derive(Debug, Clone)]
pub struct MandateWish {
    /// The most in the provider's period.
    pub cap: Money,
    /// What a charge is for, in the owner's words.
    pub terms: String,
    /// Where the owner returns after approving.
    pub return_url: Url,
}

/// The permission to charge without the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Whether charges are possible now.
    pub state: MandateState,
    /// The provider's reference for charges under it.
    pub reference: Option<String>,
    /// The most in the provider's period; `None` if the provider has no limit of its own.
    pub cap: Option<Money>,
    /// What was charged in the present period.
    pub used: Option<Money>,
    /// The end of the present period.
    pub period_end: Option<Timestamp>,
    /// Where the owner approves what was asked for.
    pub confirmation_url: Option<Url>,
}

/// Whether charges without the buyer are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MandateState {
    /// They are.
    Active,
    /// The owner has to approve first.
    NeedsApproval,
    /// The owner has to pay once with the payment page, which keeps the means of payment.
    NeedsPurchase,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The provider's id of the delivery, the same for every repetition.
    pub delivery: String,
    /// The provider's word for what happened.
    pub topic: String,
    /// Whose state to read again.
    pub subject: Subject,
}

/// Whose state a webhook says to read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A payment, by the provider's reference.
    Payment(String),
    /// A payment, by the purchase that it is for.
    Purchase(PurchaseId),
    /// A merchant's permission to be charged, or its connection.
    Merchant(String),
    /// Nothing that matters here.
    Nothing,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It has no signature, or a wrong one.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It was signed too long ago, or in the future.
    #[error("the signature's time is too far from now")]
    Stale,
    /// Its body can't be read.
    #[error("the body can't be read")]
    Unreadable,
    /// The provider sends no webhooks.
    #[error("the provider sends no webhooks")]
    NotSupported,
}
