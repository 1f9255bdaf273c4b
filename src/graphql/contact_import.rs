//! Imports of contacts: the mutation that reads a file, and the node with an import's progress.
//!
//! Not here: rejected rows ([`rejected`]) and warnings ([`warning`]).

mod cancelling;
mod column;
mod mapping;
mod preview;
mod rejected;
mod warning;

use crate::localization::Text;
use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject, Subscription, Upload,
    UploadValue,
};
use domain::id::{AccountId, ImportId, ListId};
use entity::{contact_import, sql_enums};
use futures_util::{Stream, StreamExt};

use super::{
    actor::{self, Actor},
    contact_list::ContactList,
    destination::count as int,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        new_edges::edge,
        paging::{Nodes, connection, window},
        request::{UserError, id, payload, reader, services, viewer_of, written},
    },
    scalars::{CountryCode, DateTime},
    usage_report::{CsvDelimiter, Download, ReportFormat},
};
pub use cancelling::ContactImportCancelMutation;
use column::ImportColumn;
use mapping::{ImportColumnInput, mapping};
pub use preview::ContactImportQuery;
use rejected::{RejectedRow, RejectedRowConnection};
use warning::{ImportWarning, ImportWarningConnection};

use crate::operations::{
    Fault, Path, RefusalCode,
    contact_import::{ImportContacts, updated_at},
    last_change::AskedLastChanges,
    reader::Window,
};

/// An import of contacts from a file.
#[derive(Debug, Clone)]
pub struct ContactImport(pub contact_import::Model);

/// The status of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ContactImportStatus {
    /// The import is reading its file.
    Running,
    /// The import has read the whole file.
    Done,
    /// The import stopped before the file's end. Contacts that were added until then stay, and
    /// `reason` says why it stopped.
    Failed,
    /// The import was cancelled by cancelContactImport. Contacts that were added until then stay.
    Canceled,
}

/// An import of contacts from a file, with its progress. At any time, rows = imported + duplicates
/// + rejectedCount. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl ContactImport {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        ImportId::new(self.0.id).encode()
    }

    /// The list to which the contacts are added.
    async fn list(&self, ctx: &Context<'_>) -> Result<ContactList, ApiError> {
        let row = loaders::load(ctx, ListId::new(self.0.list_id)).await?;
        row.map(ContactList).ok_or(ApiError::NotFound)
    }

    /// The name of the file, as the client sent it; at most 255 characters.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }

    /// The import's status. If its server is gone, another one marks it FAILED within 15 seconds;
    /// without another server, it is shown as FAILED after two minutes without progress.
    async fn status(&self) -> ContactImportStatus {
        match (self.0.status, self.0.canceled_at) {
            (sql_enums::ImportStatus::Running, _) => ContactImportStatus::Running,
            (sql_enums::ImportStatus::Done, _) => ContactImportStatus::Done,
            (sql_enums::ImportStatus::Failed, None) => ContactImportStatus::Failed,
            (sql_enums::ImportStatus::Failed, Some(_)) => ContactImportStatus::Canceled,
        }
    }

    /// The size of the file in bytes; 0 for imports from before it was recorded. How many rows the
    /// file has is only known at its end.
    async fn byte_count(&self) -> i32 {
        int(self.0.byte_count)
    }

    /// How many bytes of the file were read when the last of the rows was done, including some that
    /// are read ahead; equal to byteCount at the end of the file.
    async fn bytes_read(&self) -> i32 {
        int(self.0.bytes_read)
    }

    /// The file's columns, from the left and at most 250: the one with the numbers, and the merge
    /// fields that others become. Empty for imports from before they were recorded, and if they
    /// were erased with the file's name.
    async fn columns(&self) -> Result<Vec<ImportColumn>, ApiError> {
        column::columns(self.0.columns.as_deref())
    }

    /// The reason why it failed or was cancelled; null otherwise.
    async fn reason(&self, ctx: &Context<'_>) -> Option<String> {
        let reason = self.0.reason.as_deref()?;
        Some(written(ctx, reason))
    }

    /// The number of rows that were read, not counting the first row and blank rows.
    async fn row_count(&self) -> i32 {
        int(self.0.rows)
    }

    /// The number of contacts that were added.
    async fn imported_count(&self) -> i32 {
        int(self.0.imported)
    }

    /// The number of rows whose number was already in the list or the file.
    async fn duplicate_count(&self) -> i32 {
        int(self.0.duplicates)
    }

    /// The number of rows that were rejected.
    async fn rejected_count(&self) -> i32 {
        int(self.0.rejected)
    }

    /// The first 10,000 rejected rows, in the file's order; rejectedCount counts them all. They are
    /// deleted when the list is archived.
    async fn rejected(&self, ctx: &Context<'_>) -> Result<RejectedRowConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        let rows = reader(ctx)?.import_rejections(&self.0, window).await?;
        Ok(RejectedRowConnection(Nodes::new(rows, RejectedRow::from)))
    }

    /// A link to a file of the first 10,000 rejected rows, to correct them and import the file: the
    /// original columns, and one with the reasons. A row of more than 2 KiB has only its number.
    /// The link needs no header and works for 15 minutes, or until the API key or the token that
    /// asked for it no longer works. Null if no row was rejected; the file is gone once the rows
    /// were deleted, with the list or after the account's retention.
    async fn rejected_download(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "ReportFormat::Csv", desc = "The format of the file.")]
        format: ReportFormat,
        #[graphql(
            default_with = "CsvDelimiter::Comma",
            desc = "The delimiter of a CSV file. It is ignored for workbooks."
        )]
        csv_delimiter: CsvDelimiter,
    ) -> Result<Option<Download>, ApiError> {
        rejected::download(ctx, &self.0, (format, csv_delimiter)).await
    }

    /// How many warnings there are: 1,001 at most, the last of which says how many more there were.
    async fn warning_count(&self) -> i32 {
        int(self.0.warnings)
    }

    /// Parts of the file that were left out or may be wrong, in the file's order. Deleted when the
    /// list is archived.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<ImportWarningConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        let warnings = reader(ctx)?.import_warnings(&self.0, window).await?;
        Ok(ImportWarningConnection(Nodes::new(
            warnings,
            ImportWarning::from,
        )))
    }

    /// Who began it; null for imports from before actors were recorded.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor, ApiError>> {
        actor::of(ctx, self.0.account_id, self.0.actor_id)
            .await
            .transpose()
    }

    /// The instant at which it began.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// The instant at which it ended; null while it runs.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime::from_micros)
    }

    /// The instant of the import's last progress, or of its end.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }
}

connection!(
    ContactImport,
    ContactImportConnection,
    ContactImportEdge,
    "a list's imports of contacts"
);

/// A page of a list's imports.
pub(super) async fn connection(
    ctx: &Context<'_>,
    list: (AccountId, ListId),
    changed: AskedLastChanges,
    window: Window,
) -> Result<ContactImportConnection, ApiError> {
    let imports = reader(ctx)?.contact_imports(list, changed, window).await?;
    Ok(ContactImportConnection(Nodes::new(imports, ContactImport)))
}

/// A file of contacts to import into a list.
#[derive(InputObject)]
pub struct ImportContactsInput {
    /// The contact list. A list with head-counts of its own takes no contacts (CONFLICT): set its
    /// destinations to [] first.
    list_id: ID,
    /// A CSV file or an Excel workbook (.xlsx), whatever its name; at most 256 MiB and 2,000,000
    /// rows.
    file: Upload,
    /// The header of the column with the phone numbers, ignoring spaces around it; at most 1,000
    /// characters. If it is left out, the column is recognised by its header or its cells;
    /// contactImportPreview shows which it is.
    phone_column: Option<String>,
    /// The columns that become merge fields, at most 100; no other column is stored then. If it is
    /// left out, every column with a header becomes one, under a name made of the header.
    columns: Option<Vec<ImportColumnInput>>,
    /// The country of numbers without a calling code. They are taken if they are mobile numbers
    /// there, in the national form or with the country's own calling code; anything else without a
    /// plus is rejected with what it may have meant. If it is left out, every number without a plus
    /// is rejected.
    default_country: Option<CountryCode>,
    /// Whether landlines are accepted. They are rejected otherwise, because most receive no
    /// messages. Numbers that never do, such as premium-rate and toll-free ones, are always
    /// rejected.
    #[graphql(default)]
    accept_landlines: bool,
    /// Whether a row's fields replace those of a contact with the same number, which still counts
    /// as a duplicate. Then the last row of a number applies; otherwise the first does.
    #[graphql(default = false)]
    update_existing: bool,
}

/// The result of importContacts.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct ImportContactsPayload {
    /// The list after the import; null if the import was refused.
    list: Option<ContactList>,
    /// The number of contacts that were added.
    imported_count: i32,
    /// The number of rows whose number was already in the list or the file.
    duplicate_count: i32,
    /// The first 1,000 rows that can't be used, in the file's order. The first 10,000 are in
    /// import.rejected.
    rejected: Vec<RejectedRow>,
    /// Parts of the file that were left out or may be wrong, in the file's order: at most 1,001,
    /// the last of which says how many more there were.
    warnings: Vec<ImportWarning>,
    /// The import; null if it was refused before it began.
    import: Option<ContactImport>,
    /// Why the import was refused, or why it stopped before the file's end (CONFLICT; contacts
    /// added until then stay). Empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl ImportContactsPayload {
    /// The import as an edge of `ContactList.imports`, with a cursor of the default order; null if
    /// it was refused before it began.
    async fn import_edge(&self) -> Option<ContactImportEdge<'_>> {
        let import = self.import.as_ref()?;
        Some(edge("imports", Some(import.0.list_id), import, &import.0))
    }
}

/// The mutation that imports contacts.
#[derive(Debug, Default)]
pub struct ContactImportMutation;

#[Object]
impl ContactImportMutation {
    /// Imports contacts from a CSV file or an Excel workbook into a list. Rows that can't be used
    /// are reported by line; the rest are imported, each number once.
    ///
    /// CSV may use comma, semicolon, tab or pipe, in UTF-8, UTF-16 with a byte order mark,
    /// Windows-1252 or another common encoding. Of a workbook the active sheet is read, each cell
    /// as it is displayed. The first row names the columns. The numbers are in phoneColumn; if it
    /// is left out, in the column named mobile, cellulare, phone, telefono, tel or the like, or
    /// otherwise in the only column whose cells are numbers with +. A file without either is
    /// refused. A number is in E.164 form, or in the national form of defaultCountry. If `columns`
    /// is left out, every other column with a name is a merge field: a name of letters, digits, _,
    /// . and - is kept, and the words of any other are joined without accents (First name becomes
    /// firstName).
    ///
    /// A row that can't be read or has more than 64 KiB is rejected. Parts that exceed a contact's
    /// limits are left out with a warning, and the contact is imported: values of more than 1,000
    /// characters, fields beyond 8 KiB, columns after the 100th, and columns whose names are
    /// repeated or longer than 64 characters.
    ///
    /// The answer comes at the end of the file. The import continues if the client disconnects: the
    /// list's imports and contactImportProgress report its progress. A few imports run at once;
    /// beyond that they are refused with RATE_LIMITED. Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn import_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The list, the file and how to read it.")] input: ImportContactsInput,
    ) -> Result<ImportContactsPayload, ApiError> {
        let viewer = viewer_of(ctx, "importContacts")?;
        let services = services(ctx)?;
        let file = content(ctx, input.file)?;
        let done = async {
            let import = ImportContacts {
                list: id(&input.list_id),
                file: file.content,
                file_name: file.filename,
                mapping: mapping(input.phone_column, input.columns),
                default_country: input.default_country.map(|code| code.0),
                accept_landlines: input.accept_landlines,
                update_existing: input.update_existing,
            };
            services.import_contacts(&viewer, import).await
        };
        let (outcome, mut user_errors) = payload(done.await)?;
        let Some(outcome) = outcome else {
            return Ok(ImportContactsPayload {
                list: None,
                imported_count: 0,
                duplicate_count: 0,
                rejected: Vec::new(),
                warnings: Vec::new(),
                import: None,
                user_errors,
            });
        };
        let import = outcome.import;
        if let Some(reason) = &import.reason {
            let refusal = Path::input("file").refuse(RefusalCode::Conflict, Text::written(reason));
            user_errors.push(refusal.into());
        }
        Ok(ImportContactsPayload {
            list: Some(ContactList(outcome.list)),
            imported_count: int(import.imported),
            duplicate_count: int(import.duplicates),
            rejected: outcome
                .rejected
                .into_iter()
                .map(RejectedRow::from)
                .collect(),
            warnings: outcome.warnings.into_iter().map(Into::into).collect(),
            import: Some(ContactImport(import)),
            user_errors,
        })
    }
}

/// The content of a file that was uploaded with the request.
fn content(ctx: &Context<'_>, file: Upload) -> Result<UploadValue, ApiError> {
    file.value(ctx).map_err(|cause| {
        ApiError::internal(Fault::Broken(format!("an upload is not there: {cause}")))
    })
}

/// The subscription to the progress of imports.
#[derive(Debug, Default)]
pub struct ContactImportSubscription;

#[Subscription]
impl ContactImportSubscription {
    /// The list's latest import, if it has one, and then every import of the list as it progresses,
    /// to its end. Rapid steps are coalesced into one event. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn contact_import_progress<'ctx>(
        &self,
        ctx: &Context<'ctx>,
        #[graphql(desc = "The contact list.")] list_id: ID,
    ) -> Result<impl Stream<Item = Result<ContactImport, ApiError>> + use<'ctx>, ApiError> {
        let viewer = viewer_of(ctx, "contactImportProgress")?;
        let services = services(ctx)?;
        let list = id(&list_id);
        let progress = services.import_progress(&viewer, list).await?;
        Ok(progress.map(|import| import.map(ContactImport).map_err(ApiError::from)))
    }
}
