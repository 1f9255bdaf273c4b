//! The GraphQL documents that Shopify is sent, of the Admin API 2026-10.
//!
//! Here: their texts. Not here: sending them ([`super::client`]) and the shapes of their answers
//! ([`super::answers`]). The tests run every document through graphql-js, against the types in
//! `tests/clients/shopify/schema.graphql`.

/// Begins a one-time purchase. It has no idempotency key.
pub(super) const CREATE_PURCHASE: &str = "\
mutation AppPurchaseOneTimeCreate($name: String!, $price: MoneyInput!, $returnUrl: URL!, $test: Boolean) {
  appPurchaseOneTimeCreate(name: $name, price: $price, returnUrl: $returnUrl, test: $test) {
    appPurchaseOneTime { id name status test createdAt price { amount currencyCode } }
    confirmationUrl
    userErrors { field message }
  }
}";

/// Reads a payment of either kind by its id.
pub(super) const READ_PAYMENT: &str = "\
query Payment($id: ID!) {
  node(id: $id) {
    __typename
    ... on AppPurchaseOneTime { id name status test createdAt price { amount currencyCode } }
    ... on AppUsageRecord { id idempotencyKey price { amount currencyCode } }
  }
}";

/// One-time purchases of the shop, the newest first, 50 at a time.
pub(super) const RECENT_PURCHASES: &str = "\
query RecentPurchases($after: String) {
  currentAppInstallation {
    oneTimePurchases(first: 50, after: $after, sortKey: CREATED_AT, reverse: true) {
      edges { node { id name status test createdAt price { amount currencyCode } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}";

/// Charges a shop under a usage line that its owner approved.
pub(super) const CREATE_USAGE_RECORD: &str = "\
mutation AppUsageRecordCreate($description: String!, $price: MoneyInput!, $subscriptionLineItemId: ID!, $idempotencyKey: String) {
  appUsageRecordCreate(description: $description, price: $price, subscriptionLineItemId: $subscriptionLineItemId, idempotencyKey: $idempotencyKey) {
    appUsageRecord { id idempotencyKey price { amount currencyCode } }
    userErrors { field message }
  }
}";

/// The newest 25 usage records of each of the five newest subscriptions, whatever their states: it
/// costs some 300 points, and a query may cost 1,000.
pub(super) const RECENT_USAGE: &str = "\
query RecentUsage {
  currentAppInstallation {
    allSubscriptions(first: 5, sortKey: CREATED_AT, reverse: true) {
      edges { node { lineItems {
        usageRecords(first: 25, sortKey: CREATED_AT, reverse: true) {
          edges { node { id idempotencyKey createdAt price { amount currencyCode } } }
          pageInfo { hasNextPage endCursor }
        }
      } } }
    }
  }
}";

/// The subscriptions that charges are possible under.
pub(super) const ACTIVE_SUBSCRIPTIONS: &str = "\
query ActiveSubscriptions {
  currentAppInstallation {
    activeSubscriptions {
      id status test currentPeriodEnd
      lineItems { id plan { pricingDetails {
        __typename
        ... on AppUsagePricing { balanceUsed { amount currencyCode } cappedAmount { amount currencyCode } }
      } } }
    }
  }
}";

/// Asks the owner to approve usage charges up to a cap.
pub(super) const CREATE_SUBSCRIPTION: &str = "\
mutation AppSubscriptionCreate($name: String!, $returnUrl: URL!, $test: Boolean, $lineItems: [AppSubscriptionLineItemInput!]!) {
  appSubscriptionCreate(name: $name, returnUrl: $returnUrl, test: $test, lineItems: $lineItems) {
    confirmationUrl
    userErrors { field message }
  }
}";

/// Asks the owner to approve a higher cap.
pub(super) const RAISE_CAP: &str = "\
mutation AppSubscriptionLineItemUpdate($id: ID!, $cappedAmount: MoneyInput!) {
  appSubscriptionLineItemUpdate(id: $id, cappedAmount: $cappedAmount) {
    confirmationUrl
    userErrors { field message }
  }
}";
