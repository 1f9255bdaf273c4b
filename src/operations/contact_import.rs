//! Imports of contacts from files.
//!
//! An import is a task of its own: once started it runs to its end, whether or not anybody waits
//! for the answer. A thread reads the file and its numbers ([`reading`]), and the result is written
//! part by part ([`writing`]). Each part is one transaction together with the list's head-count, so
//! both are exact at any time, however many imports add to one list. The import ends early if the
//! server stops or the list is archived, and another server ends it if its own is gone ([`lease`]).
//! Contacts that came in until then stay, and importing the same file again adds the rest.

mod cancelling;
mod history;
mod lease;
mod mapping;
mod preview;
mod progress;
mod reading;
mod writing;

use std::{fs::File, time::Duration};

use domain::{
    country::CountryCode,
    id::{AccountId, ImportId, ListId},
};
use entity::{contact_import, contact_list, sql_enums::ImportStatus};
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::task::TaskTracker;

use super::{
    Fault, OperationError, Path, RefusalCode, Services, Viewer,
    changes::Topic,
    input,
    phone_number::Accept,
    reader::{Scope, Window},
    together::Together,
    viewer::Owner,
};
pub use crate::store::contact_import::{RejectedRow, updated_at, warnings::ImportWarning};
use crate::{
    fair::{Bounds, Line, Place, Urgency},
    imports::{self, FileColumn, Format, MAX_WARNINGS, Mapping, ReadError, Unreadable},
    localization::Text,
    store,
};
use lease::Leases;
use writing::Job;
pub(super) use writing::{MAX_CONTACTS, Standing, standing};

use crate::telemetry::{
    context::carried,
    metrics::{IMPORTS, IMPORTS_ENDED, Running},
};

/// Imports that run at once in a process, unless the operator sets another number. Each import
/// takes a thread, a file on disk and a part in memory, and all share the database with charges.
pub const AT_ONCE: usize = 4;
/// The weight of a workbook, whose texts are in memory while it is read.
const WORKBOOK_WEIGHT: usize = 2;
/// The most imports that wait for their turn, of all accounts and of one account. Each keeps its
/// file on disk.
const MAX_WAITING: usize = 16;
const MAX_WAITING_PER_ACCOUNT: usize = 2;
/// How long an import waits for its turn: about as long as an import of 100,000 rows takes.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most refused rows that an import stores with text and reason; further ones are only counted.
/// Without this limit, a file with one letter per line would be stored at 80 times its size.
pub const KEPT_REJECTIONS: i64 = 10_000;
/// The most refused rows in the mutation's answer.
pub const TOLD_REJECTIONS: u64 = 1_000;
/// The most warnings in the mutation's answer: all that are stored.
const TOLD_WARNINGS: u64 = MAX_WARNINGS as u64 + 1;
/// The longest file name that is stored, in characters.
const MAX_FILE_NAME_CHARS: usize = 255;

/// The imports of this process.
#[derive(Debug)]
pub struct Imports {
    line: Line<AccountId>,
    /// Bounds previews of files, apart from the imports.
    previews: Line<Owner>,
    /// Taken to write a part. Only one part is written at a time, so that a charge never waits for
    /// more than one.
    turn: Mutex<()>,
    running: TaskTracker,
    /// Running imports of all processes, and since when their leases weren't renewed.
    leases: Leases,
}

impl Imports {
    /// Imports of which `weight` run at once. An account may use half of them, so that the rest is
    /// left for other accounts, and at least as many as one workbook takes.
    #[must_use]
    pub fn new(weight: usize) -> Self {
        Self {
            line: Line::new(Bounds {
                places: weight.max(WORKBOOK_WEIGHT),
                reserved: 0,
                share: (weight / 2).max(WORKBOOK_WEIGHT),
                waiting: MAX_WAITING,
                waiting_share: MAX_WAITING_PER_ACCOUNT,
                patience: PATIENCE,
            }),
            previews: Line::new(preview::BOUNDS),
            turn: Mutex::default(),
            running: TaskTracker::new(),
            leases: Leases::default(),
        }
    }

    /// Pauses every import before its next part until the guard is dropped.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The number of imports that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }

    /// Waits until no import is running. Imports end on their own once the server stops.
    pub async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

/// Registers the series of metrics, at 0.
pub(super) fn register() {
    drop(IMPORTS.gauge(&[]));
    for outcome in [ENDED, FAILED, CANCELED] {
        drop(IMPORTS_ENDED.counter(&[outcome]));
    }
}

/// How an import may end, in metrics.
const ENDED: &str = "completed";
const FAILED: &str = "failed";
const CANCELED: &str = "cancelled";

/// The input of `importContacts`.
#[derive(Debug)]
pub struct ImportContacts {
    /// The list to import into.
    pub list: ListId,
    /// The uploaded file.
    pub file: File,
    /// The file's name as the client sent it.
    pub file_name: String,
    /// The mapping of the file's columns.
    pub mapping: Mapping,
    /// The country of numbers without a calling code.
    pub default_country: Option<String>,
    /// Whether to import landlines too.
    pub accept_landlines: bool,
    /// Whether an existing contact takes the row's fields.
    pub update_existing: bool,
}

/// The result of an import.
#[derive(Debug)]
pub struct ImportOutcome {
    /// The list after the import.
    pub list: contact_list::Model,
    /// The import when it ended.
    pub import: contact_import::Model,
    /// The first refused rows.
    pub rejected: Vec<RejectedRow>,
    /// The warnings of the import.
    pub warnings: Vec<ImportWarning>,
}

impl Services {
    /// Imports contacts from a file into a list, to the end of the file.
    ///
    /// # Errors
    /// An invalid input, each at its field, before any contact comes in; `RateLimited` if too many
    /// imports wait. An import that started and didn't reach the end of its file is no error: its
    /// status and reason say so.
    pub async fn import_contacts(
        &self,
        viewer: &Viewer,
        input: ImportContacts,
    ) -> Result<ImportOutcome, OperationError> {
        let list = self
            .open_list(viewer, input.list, &Path::input("listId"))
            .await;
        let path = Path::input("defaultCountry");
        let country = input.default_country.as_deref();
        let country = country.map(|code| input::country(code, &path)).transpose();
        if self.stop().is_cancelled() {
            return Err(OperationError::Unavailable);
        }
        let mapping = mapping::check(&input.mapping);
        let file = kind(input.file).await;
        let (list, country, (), (file, format, bytes)) =
            (list, country, mapping, file).together()?;
        let numbers = Numbers {
            country,
            accept: Accept::landlines(input.accept_landlines),
        };
        let place = self
            .import_place(AccountId::new(list.account_id), format)
            .await?;

        let reading = reading::start(
            self,
            (file, format),
            input.mapping,
            numbers,
            list.account_id,
        );
        let reading = reading.opened().await?;
        let begun = (reading.columns.as_slice(), bytes);
        let row = self
            .begin_import(viewer, &list, &input.file_name, begun)
            .await?;
        let id = ImportId::new(row.id);
        let job = Job {
            services: self.clone(),
            account: AccountId::new(list.account_id),
            list: input.list,
            import: id,
            update_existing: input.update_existing,
            kept: 0,
            warned: 0,
        };
        // Spawned, because the request that waits for it may be cancelled.
        let running = Running::one(&IMPORTS.gauge(&[]));
        let import = async move {
            let (_place, _running) = (place, running);
            job.run(reading).await
        };
        let done = self.imports().running.spawn(carried(import));
        let done = done.await;
        done.map_err(|cause| OperationError::broken(format!("an import ended badly: {cause}")))??;
        self.outcome(viewer, &list, id).await
    }

    async fn import_place(
        &self,
        account: AccountId,
        format: Format,
    ) -> Result<Place<AccountId>, OperationError> {
        let weight = match format {
            Format::Text => 1,
            Format::Workbook => WORKBOOK_WEIGHT,
        };
        let line = &self.imports().line;
        let place = line.take_many(account, weight, Urgency::Ordinary).await;
        place.map_err(|_| OperationError::RateLimited)
    }

    /// Stores the new import, if its list takes contacts.
    async fn begin_import(
        &self,
        viewer: &Viewer,
        list: &contact_list::Model,
        file_name: &str,
        (columns, bytes): (&[FileColumn], i64),
    ) -> Result<contact_import::Model, OperationError> {
        let now = self.clock().now().as_microsecond();
        let actor = viewer.actor().of(AccountId::new(list.account_id)).row;
        let row = contact_import::Model {
            account_id: list.account_id,
            id: self.clock().new_id_in(list.account_id),
            list_id: list.id,
            file_name: plain_name(file_name),
            status: ImportStatus::Running,
            reason: None,
            rows: 0,
            imported: 0,
            duplicates: 0,
            rejected: 0,
            warnings: 0,
            created_at: now,
            touched_at: now,
            ended_at: None,
            actor_id: Some(actor.id),
            byte_count: bytes,
            bytes_read: 0,
            columns: serde_json::to_string(columns).ok(),
            canceled_at: None,
        };
        let id = ListId::new(list.id);
        let transaction = self.store().begin().await?;
        let of = (AccountId::new(list.account_id), id);
        store::contact_list::lock(&transaction, of).await?;
        match standing(&transaction, of).await? {
            Standing::Open { .. } => {}
            Standing::Archived => {
                return Err(Path::input("listId").not_found(text!("list")).into());
            }
            Standing::CountedByHand => {
                return Err(Path::input("listId")
                    .refuse(RefusalCode::Conflict, counted_by_hand())
                    .into());
            }
        }
        store::actor::insert_missing(&transaction, vec![actor]).await?;
        store::contact_import::insert(&transaction, row.clone()).await?;
        transaction.commit().await?;
        self.changes().tell(Topic::Imports(id));
        Ok(row)
    }

    async fn outcome(
        &self,
        viewer: &Viewer,
        list: &contact_list::Model,
        id: ImportId,
    ) -> Result<ImportOutcome, OperationError> {
        let reader = self.store().reader();
        let lost = || OperationError::broken("an import has no row");
        let import = store::contact_import::find_all(reader, [id])
            .await?
            .pop()
            .ok_or_else(lost)?;
        let first = |limit| Window {
            limit,
            from_end: false,
            after: None,
            before: None,
            reverse: false,
            scope: Scope::default(),
        };
        let of = (AccountId::new(list.account_id), id);
        let rejected = match import.rejected {
            0 => Vec::new(),
            _ => {
                store::contact_import::rejections(reader, of, first(TOLD_REJECTIONS))
                    .await?
                    .rows
            }
        };
        let warnings = match import.warnings {
            0 => Vec::new(),
            _ => {
                store::contact_import::warnings::list(reader, of, first(TOLD_WARNINGS))
                    .await?
                    .rows
            }
        };
        // Read even if it was archived meanwhile: it is the list that was requested.
        let now = self
            .seen_list(viewer, ListId::new(list.id), &Path::input("listId"))
            .await?;
        Ok(ImportOutcome {
            list: now,
            import,
            rejected,
            warnings,
        })
    }
}

/// Why a list with a manual head-count takes no contacts.
pub(super) fn counted_by_hand() -> Text {
    text!(
        "The list's head-count was given by hand. Set its destinations to [] with updateContactList first; its \
         stored contacts are its head-count then."
    )
}

/// The file with its format and its size in bytes.
async fn kind(mut file: File) -> Result<(File, Format, i64), OperationError> {
    let look = tokio::task::spawn_blocking(move || {
        let bytes = file.metadata()?.len();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        imports::format(&mut file).map(|format| (file, format, bytes))
    });
    let found = look
        .await
        .map_err(|cause| OperationError::broken(format!("an upload was not read: {cause}")))?;
    found.map_err(|error| refusal(error, &Path::input("file")))
}

/// The refusal of a file that can't be read, at the file's path.
fn refusal(error: ReadError, file: &Path) -> OperationError {
    match error {
        ReadError::Unreadable(Unreadable::Mapping { part, reason }) => {
            mapping::refuse(part, Text::written(&reason)).into()
        }
        ReadError::Unreadable(why) => file.invalid(Text::written(&why.to_string())).into(),
        ReadError::Io(cause) => {
            Fault::Broken(format!("an upload can't be read back: {cause}")).into()
        }
    }
}

/// A file's name without the characters that no database stores.
fn plain_name(name: &str) -> String {
    let name = name.chars().filter(|character| !character.is_control());
    name.take(MAX_FILE_NAME_CHARS).collect()
}

/// How an import reads telephone numbers.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    /// The country of numbers without a calling code.
    country: Option<CountryCode>,
    accept: Accept,
}
