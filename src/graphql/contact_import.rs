//! Imports of contacts: the mutation that reads a file, the node that tells how far it is, and the rows that it
//! refused.

mod mapping;
mod preview;
mod warning;

use std::collections::HashMap;

use async_graphql::{
    Context, Enum, ID, InputObject, Object, SimpleObject, Subscription, Upload, UploadValue,
};
use domain::id::{AccountId, ImportId, ListId};
use entity::{contact_import, sql_enums};
use futures_util::{FutureExt, Stream, StreamExt};

use super::{
    contact_list::ContactList,
    destination::count as int,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    paging::{Nodes, connection, window},
    request::{UserError, id, payload, services, viewer, viewer_of},
    scalars::{CountryCode, DateTime},
};
use mapping::{ImportColumnInput, mapping};
pub use preview::ContactImportQuery;
use warning::{ImportWarning, ImportWarningConnection};

use crate::{
    operations::{
        Fault, Path, RefusalCode, Services,
        contact_import::{ImportContacts, KEPT_REJECTIONS},
    },
    store::{
        self,
        paging::{Place, Window},
    },
};

/// An import of contacts from a file.
#[derive(Debug, Clone)]
pub struct ContactImport(pub contact_import::Model);

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::ImportStatus", name = "ContactImportStatus")]
pub enum ContactImportStatus {
    /// It reads.
    Running,
    /// It read the whole file.
    Done,
    /// It stopped before the file's end; what came in until then stays, and reason says why.
    Failed,
}

/// An import of contacts from a file, and how far it is. rows = imported + duplicates + rejectedCount at any time.
#[Object]
impl ContactImport {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ImportId::new(self.0.id).encode()
    }

    /// The list that it adds to.
    async fn list(&self, ctx: &Context<'_>) -> Result<ContactList, ApiError> {
        let row = loaders::load(ctx, ListId::new(self.0.list_id)).await?;
        row.map(ContactList).ok_or(ApiError::NotFound)
    }

    /// What the file was called.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }

    /// How far it is. One that told nothing for two minutes has failed: its server is gone.
    async fn status(&self) -> ContactImportStatus {
        self.0.status.into()
    }

    /// Why it failed; null otherwise.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// How many rows were read, the first one and blank ones not counted.
    async fn rows(&self) -> i32 {
        int(self.0.rows)
    }

    /// How many contacts are new.
    async fn imported(&self) -> i32 {
        int(self.0.imported)
    }

    /// How many rows had a number that the list or the file had already.
    async fn duplicates(&self) -> i32 {
        int(self.0.duplicates)
    }

    /// How many rows were refused, all of them counted.
    async fn rejected_count(&self) -> i32 {
        int(self.0.rejected)
    }

    /// The rows that were refused, in the file's order: the first 10,000 of them; rejectedCount counts them all.
    /// Deleted when the list is archived.
    async fn rejected(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<RejectedRowConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        let of = (AccountId::new(self.0.account_id), ImportId::new(self.0.id));
        let page = services(ctx)?
            .import_rejections(&viewer(ctx)?, of, window)
            .await?;
        let count = self.0.rejected.min(KEPT_REJECTIONS).unsigned_abs();
        Ok(RejectedRowConnection(Nodes::new(
            page,
            store::contact_import::RejectedRow::place,
            RejectedRow,
            move || async move { Ok(count) }.boxed(),
        )))
    }

    /// How many warnings there are: 1,001 at most, the last of which says how many more there were.
    async fn warning_count(&self) -> i32 {
        int(self.0.warnings)
    }

    /// What was left out or may not be as it was meant, in the order in which the file was read. Deleted when the list
    /// is archived.
    async fn warnings(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<ImportWarningConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        warning::connection(ctx, &self.0, window).await
    }

    /// When it began.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// When it ended; null while it runs.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime::from_micros)
    }
}

connection!(
    ContactImport,
    ContactImportConnection,
    ContactImportEdge,
    "a list's imports of contacts"
);

/// A row of a file that was not imported.
#[derive(Debug, Clone)]
pub struct RejectedRow(store::contact_import::RejectedRow);

/// A row of a file that was not imported.
#[Object]
impl RejectedRow {
    /// The line where it begins, from 1, the first row included; in a workbook its row.
    async fn line(&self) -> i32 {
        int(self.0.line)
    }

    /// Its number, or what stands in the place of one, or its first value: at most 100 characters.
    async fn value(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        Ok(self.0.value.shown_to(&viewer(ctx)?)?)
    }

    /// What is wrong with it and what would be right.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

connection!(
    RejectedRow,
    RejectedRowConnection,
    RejectedRowEdge,
    "the rows that an import refused"
);

/// A page of a list's imports.
pub(super) async fn connection(
    ctx: &Context<'_>,
    list: (AccountId, ListId),
    window: Window,
) -> Result<ContactImportConnection, ApiError> {
    let services = services(ctx)?;
    let page = services
        .contact_imports(&viewer(ctx)?, list, window)
        .await?;
    let (shown, counting) = (services.clone(), services.clone());
    Ok(ContactImportConnection(Nodes::new(
        page,
        |row| Place {
            key: row.created_at,
            id: row.id,
        },
        move |row| ContactImport(shown.import_as_of_now(row)),
        move || count(counting.clone(), list).boxed(),
    )))
}

async fn count(services: Services, list: (AccountId, ListId)) -> Result<u64, sea_orm::DbErr> {
    store::contact_import::count(services.store.reader(), list).await
}

impl Loader<ImportId> for Rows {
    type Value = contact_import::Model;

    async fn load(
        &self,
        ids: &[ImportId],
    ) -> Result<HashMap<ImportId, contact_import::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::contact_import::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees(AccountId::new(row.account_id)))
            .map(|row| (ImportId::new(row.id), self.services.import_as_of_now(row)))
            .collect())
    }
}

/// A file of contacts to read into a list.
#[derive(InputObject)]
pub struct ImportContactsInput {
    /// Which list. One whose head-count was given by hand takes no contacts (CONFLICT): set its destinations to []
    /// first.
    list_id: ID,
    /// A CSV file or an Excel workbook (.xlsx), whatever it is called; at most 256 MiB and 2000000 rows.
    file: Upload,
    /// The header of the column with the phone numbers, spaces around it not counted; at most 1000 characters. If it is
    /// left out, the column is recognised by its header, or by its cells: contactImportPreview shows which.
    phone_column: Option<String>,
    /// The columns that become merge fields, at most 100; no other column is stored then. If it is left out, every column
    /// with a header becomes one, under a name made of the header.
    columns: Option<Vec<ImportColumnInput>>,
    /// The country of numbers without a calling code. They are taken if they are mobile numbers there, in the
    /// national form or with the country's own calling code; anything else without a plus is rejected with what it may
    /// have meant. If it is left out, every number without a plus is rejected.
    default_country: Option<CountryCode>,
    /// Whether landlines are accepted. They are rejected otherwise, because most receive no messages. Numbers that
    /// never do, such as premium-rate and toll-free ones, are always rejected.
    #[graphql(default)]
    accept_landlines: bool,
    /// Whether a number that the list has already takes the row's fields in the place of its own. It counts as
    /// a duplicate all the same. Rows are taken in the file's order, so that the last row of a number decides;
    /// otherwise the first does.
    #[graphql(default = false)]
    update_existing: bool,
}

/// What importContacts answers.
#[derive(Debug, SimpleObject)]
pub struct ImportContactsPayload {
    /// The list as it is now; null where the import was refused.
    list: Option<ContactList>,
    /// How many contacts are new.
    imported: i32,
    /// How many rows had a number that the list or the file had already.
    duplicates: i32,
    /// The rows that can't be used, in the file's order: the first 1000 of them. The first 10,000 are in import.rejected.
    rejected: Vec<RejectedRow>,
    /// What was left out or may not be as it was meant, in the order in which the file was read: at most 1,001, the last
    /// of which says how many more there were.
    warnings: Vec<ImportWarning>,
    /// The import; null where it was refused before it began.
    import: Option<ContactImport>,
    /// Why it was refused, or did not reach the file's end (CONFLICT, beside what came in until then); empty where
    /// it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that imports contacts.
#[derive(Debug, Default)]
pub struct ContactImportMutation;

#[Object]
impl ContactImportMutation {
    /// Reads contacts from a CSV file or an Excel workbook into a list. What can't be used is told row by row, the
    /// good ones are kept; a number comes in once.
    ///
    /// CSV may have a comma, semicolon, tab or pipe between its cells, in UTF-8, UTF-16 with a byte order mark,
    /// Windows-1252 or another common encoding; of a workbook the active sheet is read, each cell as it is shown. The
    /// first row names the columns. The numbers are in phoneColumn; if it is left out, in the column that is called
    /// mobile, cellulare, phone, telefono, tel or the like, or else in the only one whose cells are numbers with +. A
    /// file without either is refused. A number is in E.164 form, or in the national form of defaultCountry. If columns
    /// is left out, every other column with a name is a merge field: a name of letters, digits, _, . and - stays as it
    /// is, of another the words are written together without accents (First name is firstName).
    ///
    /// A row of more than 64 KiB, or that can't be read, is rejected. What is too much for a contact is left out with a
    /// warning, and the contact comes in: a value of more than 1000 characters, fields beyond 8 KiB, columns beyond the
    /// 100th, and columns whose names are doubled or longer than 64 characters.
    ///
    /// The answer comes at the file's end. The import goes on where nobody waits for it: the list's imports
    /// and contactImportProgress tell how far it is. A few run at once; beyond that RATE_LIMITED.
    async fn import_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The list and the file.")] input: ImportContactsInput,
    ) -> Result<ImportContactsPayload, ApiError> {
        let viewer = viewer_of(ctx, "importContacts")?;
        let services = services(ctx)?;
        let file = content(ctx, input.file)?;
        let done = async {
            let import = ImportContacts {
                list: id(&input.list_id, &Path::input("listId"), "list")?,
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
                imported: 0,
                duplicates: 0,
                rejected: Vec::new(),
                warnings: Vec::new(),
                import: None,
                user_errors,
            });
        };
        let import = outcome.import;
        if let Some(reason) = &import.reason {
            let refusal = Path::input("file").refuse(RefusalCode::Conflict, reason.clone());
            user_errors.push(refusal.into());
        }
        Ok(ImportContactsPayload {
            list: Some(ContactList(outcome.list)),
            imported: int(import.imported),
            duplicates: int(import.duplicates),
            rejected: outcome.rejected.into_iter().map(RejectedRow).collect(),
            warnings: outcome.warnings.into_iter().map(Into::into).collect(),
            import: Some(ContactImport(import)),
            user_errors,
        })
    }
}

/// A file that came with the request.
fn content(ctx: &Context<'_>, file: Upload) -> Result<UploadValue, ApiError> {
    file.value(ctx).map_err(|cause| {
        ApiError::internal(Fault::Broken(format!("an upload is not there: {cause}")))
    })
}

/// What can be followed of imports.
#[derive(Debug, Default)]
pub struct ContactImportSubscription;

#[Subscription]
impl ContactImportSubscription {
    /// A list's latest import as it stands, where it has had one, and every import of the list again as it goes
    /// on, to its end. Steps that come together are told once.
    async fn contact_import_progress<'ctx>(
        &self,
        ctx: &Context<'ctx>,
        #[graphql(desc = "Which list.")] list_id: ID,
    ) -> Result<impl Stream<Item = Result<ContactImport, ApiError>> + use<'ctx>, ApiError> {
        let viewer = viewer_of(ctx, "contactImportProgress")?;
        let services = services(ctx)?;
        let list = id(&list_id, &Path::argument("listId"), "list")?;
        let progress = services.import_progress(&viewer, list).await?;
        Ok(progress.map(|import| import.map(ContactImport).map_err(ApiError::from)))
    }
}
