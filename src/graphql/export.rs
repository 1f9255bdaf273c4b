//! Bulk reads: links to files of all messages, transactions or contacts of a list.
//!
//! Here: the mutations. Not here: the files, which links open.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use super::{
    engine::{
        errors::ApiError,
        request::{UserError, id, optional_id, payload, services, viewer_of},
    },
    message::MessageFilterInput,
    scalars::WebUrl,
    transaction::TransactionFilterInput,
    usage_report::Download,
};
use crate::operations::{
    OperationError, Path,
    download::{DownloadLink, ExportFormat as Format},
};

/// The format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Format")]
pub enum ExportFormat {
    /// One JSON object per line, with the names and types of this schema.
    Jsonl,
    /// Comma-separated values for programs and spreadsheets, with a header. A value that a
    /// spreadsheet would run as a formula begins with an apostrophe.
    Csv,
    /// An Excel workbook, whose numbers and moments are cells of their kinds; moments are in the
    /// account's time zone. Rows beyond 1,048,575 go on in another sheet.
    Xlsx,
}

/// The messages to export.
#[derive(Debug, InputObject)]
pub struct ExportMessagesInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The conditions that the messages meet; all messages if it is left out.
    filter: Option<MessageFilterInput>,
    /// The format of the file.
    format: ExportFormat,
}

/// The transactions to export.
#[derive(Debug, InputObject)]
pub struct ExportTransactionsInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The conditions that the transactions meet; all transactions if it is left out.
    filter: Option<TransactionFilterInput>,
    /// The format of the file.
    format: ExportFormat,
}

/// The contacts to export.
#[derive(Debug, InputObject)]
pub struct ExportContactsInput {
    /// The contact list.
    list_id: ID,
    /// Exports only contacts that `ContactList.contacts(search:)` returns; all if it is left out.
    search: Option<String>,
    /// The format of the file. A CSV file or a workbook has a column for each merge field,
    /// at most 1,000.
    format: ExportFormat,
}

macro_rules! payloads {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, SimpleObject)]
        pub struct $name {
            /// The link to the file; null if the mutation was refused.
            download: Option<Download>,
            /// Why the mutation was refused; empty if it was done.
            user_errors: Vec<UserError>,
        }

        impl $name {
            fn of(link: Result<DownloadLink, OperationError>) -> Result<Self, ApiError> {
                let (link, user_errors) = payload(link)?;
                Ok(Self { download: link.map(download), user_errors })
            }
        }
    )*};
}

payloads! {
    /// The result of exportMessages.
    ExportMessagesPayload;
    /// The result of exportTransactions.
    ExportTransactionsPayload;
    /// The result of exportContacts.
    ExportContactsPayload;
}

fn download(link: DownloadLink) -> Download {
    Download {
        url: WebUrl(link.url.into()),
        file_name: link.file_name,
        expires_at: link.expires_at.into(),
    }
}

/// The mutations that make links to files.
#[derive(Debug, Default)]
pub struct ExportMutation;

#[Object]
impl ExportMutation {
    /// Makes a link to a file of the account's messages, those with the latest sendAt first. It
    /// needs no header and works for 15 minutes, or until the API key or the token that asked for
    /// it no longer works. The file is written while it is downloaded, with the state of that
    /// moment. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn export_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The messages and the format.")] input: ExportMessagesInput,
    ) -> Result<ExportMessagesPayload, ApiError> {
        let viewer = viewer_of(ctx, "exportMessages")?;
        let services = services(ctx)?;
        let link = async {
            let account = optional_id(input.account_id.as_ref());
            let filter = input.filter.unwrap_or_default();
            let asked = filter.read_at(&Path::input("filter"));
            let format = input.format.into();
            services
                .export_messages(&viewer, account, asked, format)
                .await
        };
        ExportMessagesPayload::of(link.await)
    }

    /// Makes a link to a file of the account's transactions, the newest first. It needs no header
    /// and works for 15 minutes, or until the API key or the token that asked for it no longer
    /// works. The file is written while it is downloaded, with the state of that moment. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn export_transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transactions and the format.")] input: ExportTransactionsInput,
    ) -> Result<ExportTransactionsPayload, ApiError> {
        let viewer = viewer_of(ctx, "exportTransactions")?;
        let services = services(ctx)?;
        let link = async {
            let account = optional_id(input.account_id.as_ref());
            let filter = input.filter.unwrap_or_default();
            let asked = filter.read_at(&Path::input("filter"));
            let format = input.format.into();
            services
                .export_transactions(&viewer, account, asked, format)
                .await
        };
        ExportTransactionsPayload::of(link.await)
    }

    /// Makes a link to a file of a list's stored contacts with their merge fields, the newest
    /// first, or by number if the search is the beginning of one. It needs no header and works for
    /// 15 minutes, or until the API key or the token that asked for it no longer works. The file is
    /// written while it is downloaded, with the state of that moment. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn export_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The list, the search and the format.")] input: ExportContactsInput,
    ) -> Result<ExportContactsPayload, ApiError> {
        let viewer = viewer_of(ctx, "exportContacts")?;
        let services = services(ctx)?;
        let link = async {
            let list = id(&input.list_id);
            let format = input.format.into();
            services
                .export_contacts(&viewer, list, input.search, format)
                .await
        };
        ExportContactsPayload::of(link.await)
    }
}
