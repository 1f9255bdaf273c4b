//! Field-level authorization: the policy table is checked before a field is resolved.
//!
//! Here: the guard of types with fields that some roles may not read. Not here: the table
//! ([`crate::operations::policy::edges`]).
//!
//! An error of a guard propagates past a nullable field to its nearest nullable object. A nullable
//! field therefore calls [`may_read`] itself and is null beside its error.

use async_graphql::Context;

use super::{errors::ApiError, request::viewer};
use crate::operations::{
    OperationError,
    policy::{self, Rows},
};

/// Guards every field of a type by the type's rows in the table: `#[Object(guard =
/// "edges(of::Account)")]`.
pub fn edges(
    rows: Rows,
) -> impl Fn(&Context<'_>) -> async_graphql::Result<()> + Send + Sync + 'static {
    move |ctx| {
        let access = policy::row(rows, ctx.item.node.name.node.as_str());
        match access {
            policy::Access::Anyone => Ok(()),
            restricted if restricted.admits(viewer(ctx)?.role) => Ok(()),
            policy::Access::Roles(roles) => {
                Err(ApiError::from(OperationError::Forbidden(roles)).into())
            }
        }
    }
}

/// The guard of a nullable field of a guarded type: the field calls [`may_read`] itself.
pub fn by_itself() -> impl Fn(&Context<'_>) -> async_graphql::Result<()> + Send + Sync + 'static {
    |_| Ok(())
}

/// Checks that the viewer may read a field of a type.
///
/// # Errors
/// Forbidden.
pub fn may_read(ctx: &Context<'_>, name: &str, field: &str) -> Result<(), ApiError> {
    Ok(policy::may_read(&viewer(ctx)?, name, field)?)
}
