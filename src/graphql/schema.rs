//! The schema, composed of the root fields of every noun.

use async_graphql::{
    MergedObject, MergedSubscription, SDLExportOptions, Schema as AnySchema, SchemaBuilder,
};

use super::engine::{limits::Limits, paging::PageArguments};
use crate::operations::Services;

use super::{
    access_token::AccessTokenMutation,
    account::{AccountMutation, AccountQuery},
    allocation::AllocationMutation,
    api_key::{ApiKeyMutation, ApiKeyQuery},
    auto_recharge::AutoRechargeMutation,
    balance_changed::BalanceSubscription,
    contact::{ContactEditMutation, ContactMutation},
    contact_import::{
        ContactImportCancelMutation, ContactImportMutation, ContactImportQuery,
        ContactImportSubscription,
    },
    contact_list::ContactListMutation,
    credit_package::{CreditPackageMutation, CreditPackageQuery},
    erasure::ErasureMutation,
    export::ExportMutation,
    federation::FederationQuery,
    lot::LotMutation,
    message::MessageMutation,
    message_changed::MessageSubscription,
    monthly_report::MonthlyReportMutation,
    node::NodeQuery,
    payment_connection::PaymentConnectionMutation,
    purchase::PurchaseMutation,
    purchase_changed::PurchaseSubscription,
    quote::QuoteQuery,
    rate_card::{RateCardMutation, RateCardQuery},
    segmentation::SegmentationQuery,
    setting_change::SettingChangeQuery,
    usage_report::UsageReportQuery,
    viewer::ViewerQuery,
};

/// All queries. Objects that the viewer may not see are answered as if they didn't exist.
#[derive(Debug, Default, MergedObject)]
pub struct Query(NounQuery, FederationQuery);

/// The queries of every noun.
#[derive(Debug, Default, MergedObject)]
pub struct NounQuery(
    NodeQuery,
    AccountQuery,
    ApiKeyQuery,
    ContactImportQuery,
    CreditPackageQuery,
    QuoteQuery,
    RateCardQuery,
    SegmentationQuery,
    SettingChangeQuery,
    UsageReportQuery,
    ViewerQuery,
);

/// All mutations. A refusal that the caller can correct is reported in `userErrors`, and then
/// nothing was changed.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    AccessTokenMutation,
    AccountMutation,
    AllocationMutation,
    ApiKeyMutation,
    AutoRechargeMutation,
    ContactEditMutation,
    ContactImportCancelMutation,
    ContactImportMutation,
    ContactListMutation,
    ContactMutation,
    CreditPackageMutation,
    ErasureMutation,
    ExportMutation,
    LotMutation,
    MessageMutation,
    MonthlyReportMutation,
    PaymentConnectionMutation,
    PurchaseMutation,
    RateCardMutation,
);

/// All subscriptions, over WebSocket (graphql-transport-ws).
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(
    BalanceSubscription,
    ContactImportSubscription,
    MessageSubscription,
    PurchaseSubscription,
);

/// The schema type of this server.
pub type Schema = AnySchema<Query, Mutation, Subscription>;

/// The schema in the schema definition language. It needs no database.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().include_specified_by();
    builder().finish().sdl_with_options(options)
}

/// The schema over operations, with the limits of its requests.
#[must_use]
pub fn schema_over(services: &Services, limits: &Limits) -> Schema {
    limits.apply(builder()).data(services.clone()).finish()
}

/// The types and fields, before limits and data.
pub(crate) fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    let builder = Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    );
    builder.register_output_type::<PageArguments>()
}
