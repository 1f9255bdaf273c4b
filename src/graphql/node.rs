//! The `Node` interface of everything that has an id, and the root fields that find nodes by id.

use std::{borrow::Cow, collections::HashMap};

use async_graphql::{
    Context, ContextSelectionSet, ID, Interface, Object, OutputType, Positioned, ServerResult,
    Value, parser::types::Field, registry::Registry,
};
use domain::id::{
    AccountId, ApiKeyId, ContactId, ImportId, ListId, LotId, MessageId, PackageId, PurchaseId,
    RateCardId, ReportId, SettingChangeId, TransactionId,
};

use futures_util::future::try_join_all;

use super::{
    account::Account,
    api_key::ApiKey,
    contact::Contact,
    contact_import::ContactImport,
    contact_list::ContactList,
    credit_package::CreditPackage,
    engine::{
        budget::{self, Budget},
        errors::ApiError,
        ids::split,
        loaders,
        request::viewer_of,
    },
    lot::CreditLot,
    message::Message,
    monthly_report::MonthlyReport,
    purchase::Purchase,
    rate_card::RateCard,
    setting_change::SettingChange,
    transaction::Transaction,
};
use crate::operations::{Path, Viewer, policy::exists_for};

/// An object with an id that is unique among all types.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The id, unique among all nodes of all types."
))]
pub enum Node {
    /// An account.
    Account(Account),
    /// An API key without its secret.
    ApiKey(ApiKey),
    /// A lot of credits.
    CreditLot(CreditLot),
    /// A purchase.
    Purchase(Purchase),
    /// A stored contact of a list that isn't archived.
    Contact(Contact),
    /// An import of contacts.
    ContactImport(ContactImport),
    /// A contact list, even if it is archived.
    ContactList(ContactList),
    /// A credit package, even if it is archived.
    CreditPackage(CreditPackage),
    /// A message.
    Message(Message),
    /// The report of a month.
    MonthlyReport(MonthlyReport),
    /// A rate card.
    RateCard(RateCard),
    /// A change of settings.
    SettingChange(SettingChange),
    /// A transaction.
    Transaction(Transaction),
}

/// The most ids in one `nodes` field.
const MAX_NODES: usize = 1_000;

/// The root fields that find nodes by id.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The node with this id; null if there is none that the viewer can see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of any node.")] id: ID,
    ) -> Option<Result<Node, ApiError>> {
        let found = async { find(ctx, &viewer_of(ctx, "node")?, &id).await };
        found.await.transpose()
    }

    /// The nodes with these ids, in their order; null for each that the viewer can't see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the nodes, at most 1,000.")] ids: Vec<ID>,
    ) -> Result<Named, ApiError> {
        let viewer = &viewer_of(ctx, "nodes")?;
        if ids.len() > MAX_NODES {
            return Err(Path::argument("ids")
                .invalid(text!("Must be at most {limit} ids.", limit = MAX_NODES))
                .into());
        }
        let mut firsts = HashMap::new();
        let mut once = Vec::new();
        let mut places = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            let place = *firsts.entry(id.as_str()).or_insert_with(|| {
                once.push((index, id));
                once.len() - 1
            });
            places.push(place);
        }
        // All at once, so that the loaders read each type with one query.
        let found = once.iter().map(|(index, id)| async move {
            let node = find(ctx, viewer, id).await?;
            Ok::<_, ApiError>((*index, node))
        });
        Ok(Named {
            once: try_join_all(found).await?,
            places,
        })
    }
}

/// The nodes of several ids. An id that is given several times is read and resolved once and its
/// value repeated. The work doesn't grow with repetitions, and the budget counts each of them.
struct Named {
    /// Each distinct node, with the position of its first id.
    once: Vec<(usize, Option<Node>)>,
    /// For each id, the index of its node in `once`.
    places: Vec<usize>,
}

impl OutputType for Named {
    fn type_name() -> Cow<'static, str> {
        Vec::<Option<Node>>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<Option<Node>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<Option<Node>>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let once = self.once.iter().map(|(index, node)| async move {
            let ctx = ctx.with_index(*index);
            let value = OutputType::resolve(node, &ctx, field).await;
            value.map_err(|error| ctx.set_error_path(error))
        });
        let once = try_join_all(once).await?;
        if once.len() == self.places.len() {
            return Ok(Value::List(once));
        }
        let budget = ctx.data_opt::<Budget>();
        let mut all = Vec::with_capacity(self.places.len());
        for value in self.places.iter().filter_map(|place| once.get(*place)) {
            budget::take_copy(budget, value)?;
            all.push(value.clone());
        }
        Ok(Value::List(all))
    }
}

/// The type of the nodes whose ids begin with this prefix.
fn type_of(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        AccountId::PREFIX => "Account",
        ApiKeyId::PREFIX => "ApiKey",
        LotId::PREFIX => "CreditLot",
        PurchaseId::PREFIX => "Purchase",
        ContactId::PREFIX => "Contact",
        ImportId::PREFIX => "ContactImport",
        ListId::PREFIX => "ContactList",
        PackageId::PREFIX => "CreditPackage",
        MessageId::PREFIX => "Message",
        RateCardId::PREFIX => "RateCard",
        ReportId::PREFIX => "MonthlyReport",
        SettingChangeId::PREFIX => "SettingChange",
        TransactionId::PREFIX => "Transaction",
        _ => return None,
    })
}

/// The node with this id; `None` if there is none that the viewer can see.
///
/// # Errors
/// Faults.
pub(super) async fn find(
    ctx: &Context<'_>,
    viewer: &Viewer,
    id: &ID,
) -> Result<Option<Node>, ApiError> {
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
            .map(|lot| Node::CreditLot(CreditLot(lot))),
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
        RateCardId::PREFIX => loaders::load(ctx, RateCardId::new(uuid))
            .await?
            .map(|row| Node::RateCard(RateCard(row))),
        ReportId::PREFIX => loaders::load(ctx, ReportId::new(uuid))
            .await?
            .map(|row| Node::MonthlyReport(MonthlyReport(row))),
        SettingChangeId::PREFIX => loaders::load(ctx, SettingChangeId::new(uuid))
            .await?
            .map(|row| Node::SettingChange(SettingChange(row))),
        TransactionId::PREFIX => loaders::load(ctx, TransactionId::new(uuid))
            .await?
            .map(|row| Node::Transaction(Transaction(row))),
        _ => None,
    })
}
