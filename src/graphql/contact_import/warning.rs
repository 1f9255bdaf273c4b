//! Warnings of an import: parts of a file that were left out or may be wrong.

use async_graphql::{Context, Object};
use domain::private::Private;

use crate::{
    graphql::{
        destination::count as int,
        engine::{
            errors::ApiError,
            paging::connection,
            request::{viewer, written},
        },
    },
    imports,
    operations::contact_import,
};

/// A part of a file that was left out or may be wrong. No row was rejected for it.
#[derive(Debug, Clone)]
pub struct ImportWarning {
    line: Option<i64>,
    column: Private<Option<String>>,
    reason: Private<String>,
}

impl From<contact_import::ImportWarning> for ImportWarning {
    fn from(kept: contact_import::ImportWarning) -> Self {
        Self {
            line: kept.line,
            column: kept.column,
            reason: kept.reason,
        }
    }
}

impl From<imports::Warning> for ImportWarning {
    fn from(seen: imports::Warning) -> Self {
        let line = |line| i64::try_from(line).unwrap_or(i64::MAX);
        Self {
            line: seen.line.map(line),
            column: Private::new(seen.column),
            reason: Private::new(seen.reason.into_owned()),
        }
    }
}

/// A part of a file that was left out or may be wrong. The contacts were imported. Requires
/// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl ImportWarning {
    /// The line at which the row begins, from 1 and including the first row; in a workbook, its
    /// row. Null if the warning is about the whole file.
    async fn line(&self) -> Option<i32> {
        self.line.map(int)
    }

    /// The header of the column, at most 100 characters of it. Null if the warning is about a whole
    /// row or file.
    async fn column(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        Ok(self.column.shown_to(&viewer(ctx)?)?.as_deref())
    }

    /// What was left out or may be wrong, and what would be right.
    async fn reason(&self, ctx: &Context<'_>) -> Result<String, ApiError> {
        Ok(written(ctx, self.reason.shown_to(&viewer(ctx)?)?))
    }
}

connection!(
    ImportWarning,
    ImportWarningConnection,
    ImportWarningEdge,
    "an import's warnings"
);
