//! Relay connections: edges with opaque cursors, `nodes` beside them, and a `totalCount` that is
//! counted only if it is selected.
//!
//! Here: the five paging arguments, cursors, and the connection types. Not here: the rows of a page
//! and their count, which [`crate::operations::reader`] reads.
//!
//! A resolver of a connection declares none of the five arguments. The engine has no group of
//! arguments that several fields share: `flatten` is for fields of objects, and an attribute macro
//! sees its impl block before any other macro expands in it. So the arguments are added to the
//! schema when it is built ([`PageArguments`]), and [`window`] reads them as the engine's own code
//! would.

use std::borrow::Cow;

use async_graphql::{
    Context, ContextSelectionSet, InputType, OutputType, Positioned, ServerResult, SimpleObject,
    Value,
    parser::types::Field,
    registry::{MetaField, MetaInputValue, MetaType, Registry},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::prelude::Uuid;
use sha2::{Digest, Sha256};

use super::errors::ApiError;
use crate::operations::{
    Path, Refusal,
    reader::{Counter, Listing, Place, Scope, Window},
};

/// The default page size. Three nested connections that leave it out weigh 8,000 nodes, far below
/// the limit of an operation (100,000); 50 would weigh more than it.
pub const DEFAULT_PAGE: i32 = 20;
/// The largest page size.
pub const MAX_PAGE: i32 = 1_000;

/// The argument that turns a list round.
const REVERSE: &str = "reverse";

/// The position of a page in its list.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
// Other subgraphs of a federated graph have pages too.
#[graphql(shareable)]
pub struct PageInfo {
    /// Whether there are nodes after this page.
    pub has_next_page: bool,
    /// Whether there are nodes before this page.
    pub has_previous_page: bool,
    /// The first edge's cursor; null on an empty page.
    pub start_cursor: Option<String>,
    /// The last edge's cursor; null on an empty page.
    pub end_cursor: Option<String>,
}

/// The five arguments of a connection, with their types and descriptions.
const ARGUMENTS: [(&str, &str, &str); 5] = [
    (
        "first",
        "Int",
        "The number of nodes from the start, 1 to 1,000; 20 if neither first nor last is given.",
    ),
    ("after", "String", "Returns only nodes after this cursor."),
    (
        "last",
        "Int",
        "The number of nodes from the end, 1 to 1,000.",
    ),
    ("before", "String", "Returns only nodes before this cursor."),
    (
        REVERSE,
        "Boolean!",
        "Whether the list is in reverse, so that its last node is its first. Its cursors are of this order alone.",
    ),
];

/// Registered with the schema after its types, it adds the paging arguments to every field that
/// returns a connection and declares none of its own. It is no type, and no field has it.
pub enum PageArguments {}

impl OutputType for PageArguments {
    fn type_name() -> Cow<'static, str> {
        <bool as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let objects = registry.types.values_mut().filter_map(|found| match found {
            MetaType::Object { fields, .. } => Some(fields),
            _ => None,
        });
        for field in objects.flat_map(|fields| fields.values_mut()) {
            if field.ty.ends_with("Connection!") && !field.args.contains_key("first") {
                add_arguments(field);
            }
        }
        Self::qualified_type_name()
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<Field>,
    ) -> ServerResult<Value> {
        match *self {}
    }
}

/// Adds the paging arguments before the field's own.
fn add_arguments(field: &mut MetaField) {
    let own = std::mem::take(&mut field.args);
    let paging = ARGUMENTS.map(|(name, ty, description)| {
        let mut argument = MetaInputValue::new(name, ty);
        argument.description = Some(description.to_owned());
        argument.default_value = (name == REVERSE).then(|| false.to_string());
        (name.to_owned(), argument)
    });
    field.args.extend(paging);
    field.args.extend(own);
}

/// The part of a connection that its arguments ask for, below the node `of` if it is the field of
/// one. It has no rows if nothing is selected that needs them, so that a count alone costs no page.
///
/// # Errors
/// A refusal that names the argument, also if a cursor is of another field or of another node.
pub fn window(ctx: &Context<'_>, of: Option<Uuid>) -> Result<Window, ApiError> {
    sorted(ctx, of, &None::<bool>)
}

/// The same of a connection in the order of a sort key. If the key isn't the default, the cursors
/// are of this order alone.
///
/// # Errors
/// As those of [`window`].
pub fn sorted<K: InputType + Default + PartialEq>(
    ctx: &Context<'_>,
    of: Option<Uuid>,
    key: &K,
) -> Result<Window, ApiError> {
    let reverse = argument::<Option<bool>>(ctx, REVERSE)?.unwrap_or_default();
    let key = (*key != K::default()).then(|| key.to_value().to_string());
    let asked = checked(
        scope(ctx.field().name(), of, (key.as_deref(), reverse)),
        argument(ctx, "first")?,
        argument::<Option<String>>(ctx, "after")?.as_deref(),
        argument(ctx, "last")?,
        argument::<Option<String>>(ctx, "before")?.as_deref(),
    )?;
    let selected = ctx.look_ahead();
    let needs_rows = ["edges", "nodes", "pageInfo"]
        .iter()
        .any(|field| selected.field(field).exists());
    let limit = if needs_rows { asked.limit } else { 0 };
    Ok(Window {
        limit,
        reverse,
        ..asked
    })
}

/// An argument's value. Its type was validated; an integer may be too large.
fn argument<T: InputType>(ctx: &Context<'_>, name: &str) -> Result<T, ApiError> {
    let value = ctx.param_value(name, None);
    value.map(|(_, value)| value).map_err(ApiError::Engine)
}

/// Tells the cursors of a field of a node in the field's default order from all others.
pub(super) fn default_scope(field: &str, of: Option<Uuid>) -> Scope {
    scope(field, of, (None, false))
}

/// Tells the cursors of a field of a node in an order from those of others, on every server alike.
fn scope(field: &str, of: Option<Uuid>, (key, reverse): (Option<&str>, bool)) -> Scope {
    let digest = Sha256::new().chain_update(field);
    let digest = digest.chain_update(of.unwrap_or_default());
    let digest = digest.chain_update(key.unwrap_or_default());
    let digest = digest.chain_update(if reverse { REVERSE } else { "" });
    let digest = digest.finalize();
    let first = digest.first_chunk().copied().unwrap_or_default();
    Scope(u32::from_be_bytes(first))
}

fn checked(
    scope: Scope,
    first: Option<i32>,
    after: Option<&str>,
    last: Option<i32>,
    before: Option<&str>,
) -> Result<Window, Refusal> {
    let (limit, from_end, name) = match (first, last) {
        (Some(_), Some(_)) => {
            return Err(Path::argument("last").invalid(text!("Give first or last, not both.")));
        }
        (None, Some(last)) => (last, true, "last"),
        (first, None) => (first.unwrap_or(DEFAULT_PAGE), false, "first"),
    };
    let limit = u64::try_from(limit)
        .ok()
        .filter(|_| (1..=MAX_PAGE).contains(&limit))
        .ok_or_else(|| {
            Path::argument(name).invalid(text!("Must be between 1 and {limit}.", limit = MAX_PAGE))
        })?;
    let read = |cursor: Option<&str>, name| {
        let no_cursor = || Path::argument(name).invalid(text!("Must be a cursor of this list."));
        cursor
            .map(|text| place(text, scope).ok_or_else(no_cursor))
            .transpose()
    };
    Ok(Window {
        limit,
        from_end,
        after: read(after, "after")?,
        before: read(before, "before")?,
        reverse: false,
        scope,
    })
}

/// A place in a list as an opaque cursor.
#[must_use]
pub fn cursor(place: Place, scope: Scope) -> String {
    let mut bytes = [0; 28];
    let (key, rest) = bytes.split_at_mut(8);
    let (id, of) = rest.split_at_mut(16);
    key.copy_from_slice(&place.key.to_be_bytes());
    id.copy_from_slice(place.id.as_bytes());
    of.copy_from_slice(&scope.0.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The place of a cursor of this list; `None` for other texts.
fn place(text: &str, scope: Scope) -> Option<Place> {
    let bytes: [u8; 28] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (key, rest) = bytes.split_first_chunk::<8>()?;
    let (id, of) = rest.split_at_checked(16)?;
    if of != scope.0.to_be_bytes() {
        return None;
    }
    Some(Place {
        key: i64::from_be_bytes(*key),
        id: Uuid::from_slice(id).ok()?,
    })
}

/// A page of nodes with their cursors.
pub struct Nodes<T> {
    pub(crate) nodes: Vec<(Place, T)>,
    pub(crate) has_next: bool,
    pub(crate) has_previous: bool,
    pub(crate) scope: Scope,
    pub(crate) count: Counter,
}

impl<T> Nodes<T> {
    /// A page of rows as nodes.
    pub fn new<M>(rows: Listing<M>, node: impl Fn(M) -> T) -> Self {
        let nodes = rows.rows.into_iter();
        Self {
            nodes: nodes.map(|(place, row)| (place, node(row))).collect(),
            has_next: rows.has_next,
            has_previous: rows.has_previous,
            scope: rows.scope,
            count: rows.count,
        }
    }

    pub(crate) fn page_info(&self) -> PageInfo {
        let at = |node: Option<&(Place, T)>| node.map(|(place, _)| cursor(*place, self.scope));
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: at(self.nodes.first()),
            end_cursor: at(self.nodes.last()),
        }
    }
}

/// Defines a connection and its edge over a node type. `edges` and `nodes` share the same nodes.
macro_rules! connection {
    ($node:ident, $connection:ident, $edge:ident, $things:literal) => {
        #[doc = concat!("A page of ", $things, ".")]
        pub struct $connection(pub $crate::graphql::engine::paging::Nodes<$node>);

        #[doc = concat!("A page of ", $things, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The nodes of this page, each with its cursor.
            async fn edges(&self) -> Vec<$edge<'_>> {
                self.0
                    .nodes
                    .iter()
                    .map(|(place, node)| {
                        $crate::graphql::engine::new_edges::Edge::of(node, *place, self.0.scope)
                    })
                    .collect()
            }

            /// The nodes of this page, without cursors.
            async fn nodes(&self) -> Vec<&$node> {
                self.0.nodes.iter().map(|(_, node)| node).collect()
            }

            /// The position of this page in the whole list.
            async fn page_info(&self) -> $crate::graphql::engine::paging::PageInfo {
                self.0.page_info()
            }

            /// The number of nodes in the whole list. It is counted only if it is selected.
            async fn total_count(&self) -> Result<i32, $crate::graphql::engine::errors::ApiError> {
                let count = (self.0.count)().await?;
                Ok(i32::try_from(count).unwrap_or(i32::MAX))
            }
        }

        #[doc = concat!("One of ", $things, ", with its place in the list.")]
        pub struct $edge<'a> {
            place: $crate::operations::reader::Place,
            scope: $crate::operations::reader::Scope,
            node: &'a $node,
        }

        impl<'a> $crate::graphql::engine::new_edges::Edge<'a> for $edge<'a> {
            type Node = $node;

            fn of(
                node: &'a $node,
                place: $crate::operations::reader::Place,
                scope: $crate::operations::reader::Scope,
            ) -> Self {
                Self { place, scope, node }
            }
        }

        #[doc = concat!("One of ", $things, ", with its place in the list.")]
        #[async_graphql::Object]
        impl<'a> $edge<'a> {
            /// An opaque cursor for `after` or `before`.
            async fn cursor(&self) -> String {
                $crate::graphql::engine::paging::cursor(self.place, self.scope)
            }

            /// The node at this position.
            async fn node(&self) -> &'a $node {
                self.node
            }
        }
    };
}
pub(crate) use connection;

#[cfg(test)]
mod tests {
    use super::{checked, cursor, place};
    use crate::operations::reader::{Place, Scope};
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn a_page_is_bounded() {
        let check = |first, last, fits: bool| {
            assert_eq!(
                checked(Scope(1), first, None, last, None).is_ok(),
                fits,
                "{first:?} {last:?}"
            );
        };
        check(None, None, true);
        check(Some(1_000), None, true);
        check(None, Some(1), true);
        check(Some(0), None, false);
        check(Some(-1), None, false);
        check(None, Some(1_001), false);
        check(Some(1), Some(1), false);
        assert!(checked(Scope(1), None, Some("nonsense"), None, None).is_err());
    }

    proptest! {
        #[test]
        fn cursors_read_back_in_their_own_list(key: i64, id: u128, of: u32, other: u32) {
            let at = Place { key, id: Uuid::from_u128(id) };
            let text = cursor(at, Scope(of));
            prop_assert_eq!(place(&text, Scope(of)), Some(at));
            prop_assert_eq!(place(&text, Scope(other)), (of == other).then_some(at));
        }
    }
}
