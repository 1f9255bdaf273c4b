//! The rows that an import rejected, one by one and as a file.

use async_graphql::{Context, Enum, Object};
use entity::{contact_import, sql_enums};

use crate::{
    graphql::{
        destination::count as int,
        engine::{
            errors::ApiError,
            paging::connection,
            request::{services, viewer, written},
        },
        scalars::WebUrl,
        usage_report::{CsvDelimiter, Download, ReportFormat},
    },
    operations::contact_import as imports,
};

/// Why a row was rejected. A number that the list or the file has already is no reason: the row
/// counts as a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::RejectionCode", name = "RejectedRowCode")]
pub enum RejectedRowCode {
    /// The cell of the number is empty.
    NumberMissing,
    /// The cell of the number holds no valid telephone number.
    InvalidNumber,
    /// The number has no calling code, and it is not a mobile number of the default country.
    UnknownCountry,
    /// The number is a landline, and landlines are not accepted.
    Landline,
    /// The number never receives messages, such as a premium-rate or toll-free one.
    UnreachableNumber,
    /// The row has more than 64 KiB, or too many cells.
    TooLong,
    /// The row has more cells than the first row, or misplaced quotation marks.
    MalformedRow,
    /// The row has characters that can't be read, or control characters.
    UnreadableText,
    /// The cell of the number holds a formula that was not computed.
    NotComputed,
}

/// A row of a file that was not imported.
#[derive(Debug, Clone)]
pub struct RejectedRow(imports::RejectedRow);

impl From<imports::RejectedRow> for RejectedRow {
    fn from(row: imports::RejectedRow) -> Self {
        Self(row)
    }
}

/// A row of a file that was not imported. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER
/// or VIEWER.
#[Object]
impl RejectedRow {
    /// The line at which the row begins, from 1 and including the first row; in a workbook, its
    /// row.
    async fn line(&self) -> i32 {
        int(self.0.line)
    }

    /// The row's number, or the value in its place, or its first value: at most 100 characters.
    async fn value(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        Ok(self.0.value.shown_to(&viewer(ctx)?)?)
    }

    /// The kind of fault; null for rows of imports from before it was recorded.
    async fn code(&self) -> Option<RejectedRowCode> {
        self.0.code.map(Into::into)
    }

    /// What is wrong, and what would be right.
    async fn reason(&self, ctx: &Context<'_>) -> String {
        written(ctx, &self.0.reason)
    }
}

connection!(
    RejectedRow,
    RejectedRowConnection,
    RejectedRowEdge,
    "the rows that an import refused"
);

/// A link to the file of an import's rejected rows.
pub(super) async fn download(
    ctx: &Context<'_>,
    import: &contact_import::Model,
    (format, delimiter): (ReportFormat, CsvDelimiter),
) -> Result<Option<Download>, ApiError> {
    if import.rejected == 0 {
        return Ok(None);
    }
    let link = services(ctx)?
        .rejections_link(&viewer(ctx)?, import, format.into(), delimiter.into())
        .await?;
    Ok(Some(Download {
        url: WebUrl(link.url.into()),
        file_name: link.file_name,
        expires_at: link.expires_at.into(),
    }))
}
