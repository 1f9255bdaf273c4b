//! Anything that has an id: the `Node` interface, and the root fields that find a node by its id.

use async_graphql::{Context, ID, Interface, Object};
use domain::id::{
    AccountId, ApiKeyId, ContactId, ImportId, ListId, LotId, MessageId, PackageId, PurchaseId,
    RateCardId, ReportId, TransactionId,
};

use super::{
    account::Account,
    api_key::ApiKey,
    contact::Contact,
    contact_import::ContactImport,
    contact_list::ContactList,
    credit_package::CreditPackage,
    errors::ApiError,
    ids::split,
    loaders,
    lot::CreditLot,
    message::Message,
    monthly_report::MonthlyReport,
    purchase::Purchase,
    rate_card::RateCard,
    request::{services, viewer_of},
    transaction::Transaction,
};
use crate::{
    operations::{Path, Viewer, policy::exists_for},
    store,
};

/// Anything that has an id.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Unique among all nodes, whatever their type."
))]
pub enum Node {
    /// An account.
    Account(Account),
    /// A key of the API, without its secret.
    ApiKey(ApiKey),
    /// A lot of credits.
    CreditLot(CreditLot),
    /// A purchase.
    Purchase(Purchase),
    /// A stored contact of a list in use.
    Contact(Contact),
    /// An import of contacts.
    ContactImport(ContactImport),
    /// A contact list, archived or not.
    ContactList(ContactList),
    /// A package, on sale or off.
    CreditPackage(CreditPackage),
    /// A message.
    Message(Message),
    /// A month's report.
    MonthlyReport(MonthlyReport),
    /// A rate card.
    RateCard(RateCard),
    /// A transaction.
    Transaction(Transaction),
}

/// The most ids that one `nodes` takes.
const MAX_NODES: usize = 1_000;

/// The root fields that find nodes.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The node of an id; null where there is none that the viewer sees.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Any node's id.")] id: ID,
    ) -> Option<Result<Node, ApiError>> {
        let found = async { find(ctx, &viewer_of(ctx, "node")?, &id).await };
        found.await.transpose()
    }

    /// The nodes of several ids, in their order; null in the place of each that the viewer does not see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 1000 ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, ApiError> {
        let viewer = viewer_of(ctx, "nodes")?;
        if ids.len() > MAX_NODES {
            return Err(Path::argument("ids")
                .invalid(format!("Must be at most {MAX_NODES} ids."))
                .into());
        }
        // Together, so that the loaders read each kind at once.
        futures_util::future::try_join_all(ids.iter().map(|id| find(ctx, &viewer, id))).await
    }
}

/// The type of the nodes whose ids begin so.
fn type_of(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        AccountId::PREFIX => "Account",
        LotId::PREFIX => "CreditLot",
        PurchaseId::PREFIX => "Purchase",
        ContactId::PREFIX => "Contact",
        ImportId::PREFIX => "ContactImport",
        ListId::PREFIX => "ContactList",
        PackageId::PREFIX => "CreditPackage",
        MessageId::PREFIX => "Message",
        RateCardId::PREFIX => "RateCard",
        ReportId::PREFIX => "MonthlyReport",
        TransactionId::PREFIX => "Transaction",
        _ => return None,
    })
}

async fn find(ctx: &Context<'_>, viewer: &Viewer, id: &ID) -> Result<Option<Node>, ApiError> {
    let Some((prefix, uuid)) = split(id) else {
        return Ok(None);
    };
    if !type_of(&prefix).is_some_and(|name| exists_for(viewer, name)) {
        return Ok(None);
    }
    Ok(match prefix.as_str() {
        AccountId::PREFIX => loaders::load(ctx, AccountId::new(uuid))
            .await?
            .map(|row| Node::Account(Account(row))),
        ApiKeyId::PREFIX => loaders::load(ctx, ApiKeyId::new(uuid))
            .await?
            .map(|row| Node::ApiKey(ApiKey(row))),
        LotId::PREFIX => loaders::load(ctx, LotId::new(uuid))
            .await?
            .map(Node::CreditLot),
        PurchaseId::PREFIX => loaders::load(ctx, PurchaseId::new(uuid))
            .await?
            .map(|row| Node::Purchase(Purchase(row))),
        ContactId::PREFIX => loaders::load(ctx, ContactId::new(uuid))
            .await?
            .map(|row| Node::Contact(Contact(row))),
        ImportId::PREFIX => loaders::load(ctx, ImportId::new(uuid))
            .await?
            .map(|row| Node::ContactImport(ContactImport(row))),
        ListId::PREFIX => loaders::load(ctx, ListId::new(uuid))
            .await?
            .map(|row| Node::ContactList(ContactList(row))),
        PackageId::PREFIX => loaders::load(ctx, PackageId::new(uuid))
            .await?
            .map(|row| Node::CreditPackage(CreditPackage(row))),
        MessageId::PREFIX => loaders::load(ctx, MessageId::new(uuid))
            .await?
            .map(|row| Node::Message(Message::new(row))),
        RateCardId::PREFIX => {
            let row =
                store::rate_card::find(services(ctx)?.store.reader(), RateCardId::new(uuid)).await;
            row.map_err(ApiError::internal)?
                .map(|row| Node::RateCard(RateCard(row)))
        }
        ReportId::PREFIX => loaders::load(ctx, ReportId::new(uuid))
            .await?
            .map(|row| Node::MonthlyReport(MonthlyReport(row))),
        TransactionId::PREFIX => loaders::load(ctx, TransactionId::new(uuid))
            .await?
            .map(|row| Node::Transaction(Transaction(row))),
        _ => None,
    })
}
