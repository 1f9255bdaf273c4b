//! What Stripe answers: the fields that are read of its objects.
//!
//! Here: types. A status that this version doesn't know is `Other`, never an error. Not here: what
//! they mean for a payment.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PURCHASE;

/// An object, or its id if it wasn't asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Id(String),
    Object(Box<T>),
}

/// A page of a list, the newest first.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// A visit to the payment page.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) status: SessionStatus,
    pub(super) payment_status: PaymentStatus,
    pub(super) url: Option<String>,
    pub(super) payment_intent: Option<Expandable<Intent>>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionStatus {
    Open,
    Complete,
    Expired,
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PaymentStatus {
    Paid,
    Unpaid,
    NoPaymentRequired,
    #[serde(other)]
    Other,
}

/// A payment.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: IntentStatus,
    pub(super) latest_charge: Option<Expandable<Charge>>,
    pub(super) last_payment_error: Option<ApiError>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Processing,
    Canceled,
    Succeeded,
    #[serde(other)]
    Other,
}

/// Money that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    pub(super) amount: i64,
    pub(super) amount_refunded: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) disputed: bool,
}

/// A chargeback, or the bank's question before one.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub(super) amount: i64,
    pub(super) status: DisputeStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    AppealNeedsResponse,
    AppealUnderReview,
    Won,
    Lost,
    Prevented,
    #[serde(other)]
    Other,
}

/// A customer.
#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    #[serde(default)]
    pub(super) deleted: bool,
    pub(super) invoice_settings: Option<InvoiceSettings>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct InvoiceSettings {
    pub(super) default_payment_method: Option<Expandable<PaymentMethod>>,
}

/// A means of payment, such as a card.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentMethod {
    pub(super) id: String,
    /// In seconds since the epoch.
    #[serde(default)]
    pub(super) created: i64,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: ApiError,
}

/// Why a request or a payment was refused.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ApiError {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) param: Option<String>,
    pub(super) payment_intent: Option<Refused>,
}

/// The payment that was refused.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    pub(super) id: String,
    pub(super) status: IntentStatus,
}

impl Session {
    pub(super) fn is_for(&self, purchase: &str) -> bool {
        is_for(self.metadata.as_ref(), purchase)
    }
}

impl Intent {
    pub(super) fn is_for(&self, purchase: &str) -> bool {
        is_for(self.metadata.as_ref(), purchase)
    }
}

fn is_for(metadata: Option<&BTreeMap<String, String>>, purchase: &str) -> bool {
    let named = metadata.and_then(|metadata| metadata.get(PURCHASE));
    named.is_some_and(|id| id == purchase)
}

/// What has an id.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

macro_rules! identified {
    ($($name:ident),+) => {$(
        impl Identified for $name {
            fn id(&self) -> &str {
                &self.id
            }
        }
    )+};
}
identified!(Session, Intent, PaymentMethod);

impl<T: Identified> Expandable<T> {
    pub(super) fn into_id(self) -> String {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => object.id().to_owned(),
        }
    }
}

impl<T> Expandable<T> {
    pub(super) fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }
}
