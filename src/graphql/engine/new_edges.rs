//! The edges of payloads: a node that a mutation made, with its place in the connection that it
//! entered.
//!
//! Here: what makes one. Not here: the edge types, which are those of pages ([`super::paging`]).

use sea_orm::prelude::Uuid;

use super::paging::default_scope;
use crate::operations::reader::{Place, Placed, Scope};

/// An edge of a connection.
pub trait Edge<'a>: Sized {
    /// The node.
    type Node;

    /// The edge of a node at a place in a list.
    fn of(node: &'a Self::Node, place: Place, scope: Scope) -> Self;
}

/// The edge of a node in the connection that is the field `field` of the node `of`, or a root
/// field. Its cursor is one of the connection's default order.
pub fn edge<'a, E: Edge<'a>>(
    field: &str,
    of: Option<Uuid>,
    node: &'a E::Node,
    row: &impl Placed,
) -> E {
    E::of(node, row.place(), default_scope(field, of))
}
