//! The shapes of Shopify's answers.
//!
//! Here: the fields that [`super::documents`] ask for. Not here: what they mean
//! ([`super::purchases`], [`super::recharges`], [`super::mandate`]).

use serde::Deserialize;

use super::amount::Amount;

/// Why a mutation did nothing.
#[derive(Debug, Deserialize)]
pub(super) struct UserError {
    /// In words.
    pub(super) message: String,
}

/// A connection's part.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    /// Its rows.
    pub(super) edges: Vec<Edge<T>>,
    /// What follows it.
    #[serde(default)]
    pub(super) page_info: PageInfo,
}

/// A row of a connection.
#[derive(Debug, Deserialize)]
pub(super) struct Edge<T> {
    /// The row.
    pub(super) node: T,
}

/// What follows a connection's part.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    /// Whether anything does.
    pub(super) has_next_page: bool,
    /// Where it begins.
    pub(super) end_cursor: Option<String>,
}

/// A one-time purchase.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OneTime {
    /// Its global id.
    pub(super) id: String,
    /// What the owner reads.
    pub(super) name: String,
    /// PENDING, ACTIVE, DECLINED, EXPIRED, or the deprecated ACCEPTED.
    pub(super) status: String,
    /// Whether nobody is charged.
    pub(super) test: bool,
    /// In RFC 3339.
    pub(super) created_at: String,
    /// The price.
    pub(super) price: Amount,
}

/// A charge under a usage line. It has no state: what exists was charged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageRecord {
    /// Its global id.
    pub(super) id: String,
    /// The purchase's id, as it was sent.
    pub(super) idempotency_key: Option<String>,
    /// In RFC 3339, if it was asked for.
    pub(super) created_at: Option<String>,
    /// What was charged.
    pub(super) price: Amount,
}

/// The answer of [`super::documents::CREATE_PURCHASE`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PurchaseCreated {
    /// The mutation's payload.
    pub(super) app_purchase_one_time_create: PurchasePayload,
}

/// The payload of [`super::documents::CREATE_PURCHASE`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PurchasePayload {
    /// The purchase, if it was begun.
    pub(super) app_purchase_one_time: Option<OneTime>,
    /// Where the owner approves it. No query returns it again.
    pub(super) confirmation_url: Option<String>,
    /// Why it wasn't begun.
    pub(super) user_errors: Vec<UserError>,
}

/// The answer of [`super::documents::READ_PAYMENT`].
#[derive(Debug, Deserialize)]
pub(super) struct PaymentRead {
    /// The payment, if there is one with this id.
    pub(super) node: Option<Payment>,
}

/// A payment of either kind.
#[derive(Debug, Deserialize)]
#[serde(tag = "__typename")]
pub(super) enum Payment {
    /// Approved by its buyer.
    AppPurchaseOneTime(OneTime),
    /// Charged under a usage line.
    AppUsageRecord(UsageRecord),
    /// Something else has this id.
    #[serde(other)]
    Other,
}

/// An answer about the app's installation in the shop.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Installed<T> {
    /// What was asked about it.
    pub(super) current_app_installation: T,
}

/// What [`super::documents::RECENT_PURCHASES`] asks about the installation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecentPurchases {
    /// Purchases, the newest first.
    pub(super) one_time_purchases: Page<OneTime>,
}

/// What [`super::documents::RECENT_USAGE`] asks about the installation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecentUsage {
    /// Subscriptions, the newest first.
    pub(super) all_subscriptions: Page<UsedSubscription>,
}

/// A subscription with its charges.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsedSubscription {
    /// Its lines.
    pub(super) line_items: Vec<UsedLine>,
}

/// A line of a subscription with its charges.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsedLine {
    /// Charges, the newest first; none for a recurring fee.
    pub(super) usage_records: Page<UsageRecord>,
}

/// What [`super::documents::ACTIVE_SUBSCRIPTIONS`] asks about the installation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveSubscriptions {
    /// One at most, by Shopify's rules.
    pub(super) active_subscriptions: Vec<Subscription>,
}

/// A subscription.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    /// ACTIVE or FROZEN, among those that are listed as active.
    pub(super) status: String,
    /// Whether nobody is charged.
    pub(super) test: bool,
    /// The end of the present 30 days, in RFC 3339.
    pub(super) current_period_end: Option<String>,
    /// Its lines.
    pub(super) line_items: Vec<Line>,
}

/// A line of a subscription.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    /// Its global id, which charges name.
    pub(super) id: String,
    /// Its plan.
    pub(super) plan: Plan,
}

/// The plan of a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    /// Its price.
    pub(super) pricing_details: Pricing,
}

/// The price of a line.
#[derive(Debug, Deserialize)]
#[serde(tag = "__typename")]
pub(super) enum Pricing {
    /// Charges up to a cap.
    #[serde(rename = "AppUsagePricing", rename_all = "camelCase")]
    Usage {
        /// Charged in the present period.
        balance_used: Amount,
        /// The cap.
        capped_amount: Amount,
    },
    /// A recurring fee.
    #[serde(other)]
    Other,
}

/// The answer of [`super::documents::CREATE_USAGE_RECORD`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageCreated {
    /// The mutation's payload.
    pub(super) app_usage_record_create: UsagePayload,
}

/// The payload of [`super::documents::CREATE_USAGE_RECORD`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsagePayload {
    /// The charge, if there was one.
    pub(super) app_usage_record: Option<UsageRecord>,
    /// Why there wasn't.
    pub(super) user_errors: Vec<UserError>,
}

/// The answer of [`super::documents::CREATE_SUBSCRIPTION`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionCreated {
    /// The mutation's payload.
    pub(super) app_subscription_create: Asked,
}

/// The answer of [`super::documents::RAISE_CAP`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CapRaised {
    /// The mutation's payload.
    pub(super) app_subscription_line_item_update: Asked,
}

/// The payload of a mutation that asks the owner for an approval.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// Where the owner approves.
    pub(super) confirmation_url: Option<String>,
    /// Why nobody was asked.
    pub(super) user_errors: Vec<UserError>,
}
