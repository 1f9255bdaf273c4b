//! This API as a subgraph of Apollo Federation 2, so that a platform's gateway can join it with
//! others.
//!
//! Here: the two root fields that the subgraph specification names, and the schema that a gateway
//! composes. Not here: the nodes themselves ([`super::node`]).
//!
//! The engine has both fields built in. They are made here instead because a node that the viewer
//! doesn't see must be null, not an error that ends the whole answer, and because the policy, the
//! weights and the budget apply to fields of our own alone.

use std::sync::LazyLock;

use async_graphql::{
    Context, EmptySubscription, ID, InputValueError, InputValueResult, MergedObject, Object,
    SDLExportOptions, Scalar, ScalarType, Schema, SimpleObject, Union, Value,
};
use futures_util::future::try_join_all;

use super::{
    account::Account,
    contact_list::ContactList,
    engine::{errors::ApiError, paging::PageArguments, request::viewer_of},
    message::Message,
    node::{Node, find},
    schema::{Mutation, NounQuery},
};
use crate::operations::Path;

/// The most representations in one `_entities` field, as many as ids in `nodes`.
const MAX_ENTITIES: usize = 1_000;

/// The schema of this subgraph of a federated graph.
#[derive(Debug, SimpleObject)]
#[graphql(name = "_Service")]
pub struct Service {
    /// The schema in the schema definition language, with the directives of Federation 2.
    sdl: &'static str,
}

/// An entity of a federated graph, as another subgraph knows it: an object with `__typename`
/// (Account, ContactList or Message) and `id`.
#[derive(Debug, Clone)]
pub struct Representation {
    type_name: String,
    id: ID,
}

/// An entity of a federated graph, as another subgraph knows it: an object with `__typename`
/// (Account, ContactList or Message) and `id`.
#[Scalar(name = "_Any")]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = |name: &str| match &value {
            Value::Object(fields) => match fields.get(name) {
                Some(Value::String(text)) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        };
        match (text("__typename"), text("id")) {
            (Some(type_name), Some(id)) => Ok(Self {
                type_name,
                id: ID(id),
            }),
            _ => Err(InputValueError::custom(
                "must be an object with __typename and id, both strings",
            )),
        }
    }

    fn to_value(&self) -> Value {
        async_graphql::value!({ "__typename": self.type_name.as_str(), "id": self.id.as_str() })
    }
}

/// A node that other subgraphs of a federated graph may refer to.
#[derive(Union)]
#[graphql(name = "_Entity")]
pub enum Entity {
    /// An account.
    Account(Account),
    /// A contact list, even if it is archived.
    ContactList(ContactList),
    /// A message.
    Message(Message),
}

impl Entity {
    /// The entity of this type; `None` if the node is of another type.
    fn of(node: Node, type_name: &str) -> Option<Self> {
        match (node, type_name) {
            (Node::Account(account), "Account") => Some(Self::Account(account)),
            (Node::ContactList(list), "ContactList") => Some(Self::ContactList(list)),
            (Node::Message(message), "Message") => Some(Self::Message(message)),
            (
                Node::Account(_)
                | Node::ContactList(_)
                | Node::Message(_)
                | Node::ApiKey(_)
                | Node::CreditLot(_)
                | Node::Purchase(_)
                | Node::Contact(_)
                | Node::ContactImport(_)
                | Node::CreditPackage(_)
                | Node::MonthlyReport(_)
                | Node::RateCard(_)
                | Node::SettingChange(_)
                | Node::Transaction(_),
                _,
            ) => None,
        }
    }
}

/// The root fields for a federation's gateway.
#[derive(Debug, Default)]
pub struct FederationQuery;

#[Object]
impl FederationQuery {
    /// The schema of this subgraph, for a federation's gateway. Refused if introspection is off;
    /// then `message-credits schema --federation` prints it.
    #[graphql(name = "_service")]
    async fn service(&self) -> Service {
        static SDL: LazyLock<String> = LazyLock::new(subgraph_sdl);
        Service { sdl: SDL.as_str() }
    }

    /// The entities of these representations, in their order; null for each that the viewer can't
    /// see. For a federation's gateway; other clients use `nodes`.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The entities as other subgraphs know them, at most 1,000: objects with __typename and id."
        )]
        representations: Vec<Representation>,
    ) -> Result<Vec<Option<Entity>>, ApiError> {
        let viewer = &viewer_of(ctx, "_entities")?;
        if representations.len() > MAX_ENTITIES {
            return Err(Path::argument("representations")
                .invalid(text!(
                    "Must be at most {limit} representations.",
                    limit = MAX_ENTITIES
                ))
                .into());
        }
        // All at once, so that the loaders read each type with one query.
        let found = representations.iter().map(|one| async move {
            let node = find(ctx, viewer, &one.id).await?;
            Ok::<_, ApiError>(node.and_then(|node| Entity::of(node, &one.type_name)))
        });
        try_join_all(found).await
    }
}

/// The queries of the subgraph's schema: the nouns, and which types are entities.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
struct SubgraphQuery(NounQuery, Entities);

/// Tells the engine which types are entities, and by which key. Nothing is resolved here.
#[derive(Default)]
struct Entities;

#[Object]
impl Entities {
    #[graphql(entity)]
    async fn account(&self, id: ID) -> Option<Account> {
        drop(id);
        None
    }

    #[graphql(entity)]
    async fn contact_list(&self, id: ID) -> Option<ContactList> {
        drop(id);
        None
    }

    #[graphql(entity)]
    async fn message(&self, id: ID) -> Option<Message> {
        drop(id);
        None
    }
}

/// The schema that a gateway composes, without subscriptions: gateways carry them in ways of their
/// own.
#[must_use]
pub fn subgraph_sdl() -> String {
    let builder = Schema::build(
        SubgraphQuery::default(),
        Mutation::default(),
        EmptySubscription,
    );
    let schema = builder.register_output_type::<PageArguments>().finish();
    let options = SDLExportOptions::new().federation().compose_directive();
    schema.sdl_with_options(options)
}
