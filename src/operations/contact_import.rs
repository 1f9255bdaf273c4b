//! Imports of contacts from files.
//!
//! An import is a job of its own: once it began it goes on to its end, whether or not anybody waits for the
//! answer. A thread reads the file and its numbers ([`reading`]); what it read is written part by part
//! ([`writing`]), each part in one transaction with the list's head-count, so that both are exact at any time,
//! however many imports add to one list. It ends early where the server stops or the list is archived; what came
//! in until then stays, and the same file imported again adds the rest.

mod history;
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
use tokio::sync::{Mutex, MutexGuard, broadcast};
use tokio_util::task::TaskTracker;

use super::{
    Fault, OperationError, Path, RefusalCode, Services, Viewer, input, phone_number::Accept,
};
use crate::{
    fair::{Bounds, Line, Place, Urgency},
    imports::{self, Format, MAX_WARNINGS, Mapping, ReadError, Unreadable},
    store::{
        self,
        contact_import::{RejectedRow, warnings::ImportWarning},
        sql::{paging::Window, reader::Owner},
    },
};
use writing::Job;

/// What imports of one process may weigh together: each has a thread, a file on disk and a part in memory, and all
/// share the database with what charges.
const MAX_WEIGHT: usize = 4;
/// What imports of one account may weigh together, so that the others have half.
const MAX_WEIGHT_PER_ACCOUNT: usize = 2;
/// A workbook holds its texts in memory while it is read: two at once are enough.
const WORKBOOK_WEIGHT: usize = 2;
/// Imports that wait for their turn, in all and of one account. Each keeps its file on disk.
const MAX_WAITING: usize = 16;
const MAX_WAITING_PER_ACCOUNT: usize = 2;
/// How long an import waits for its turn: a file of a hundred thousand rows takes about so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// The rows that were refused of which one import keeps the text and the reason; the others are counted alone. A
/// file of one letter a line would otherwise be stored eighty-fold.
pub const KEPT_REJECTIONS: i64 = 10_000;
/// How many of the rows that were refused are in the import's own answer.
pub const TOLD_REJECTIONS: u64 = 1_000;
/// How many warnings are in the import's own answer: all that are kept.
const TOLD_WARNINGS: u64 = MAX_WARNINGS as u64 + 1;
/// The longest file name that is kept, in characters.
const MAX_FILE_NAME_CHARS: usize = 255;

/// The imports of this process.
#[derive(Debug)]
pub struct Imports {
    line: Line<AccountId>,
    /// Files that are looked at before they are imported.
    previews: Line<Owner>,
    /// Whose turn it is to write: one part at a time, so that what charges never waits for more than one.
    turn: Mutex<()>,
    running: TaskTracker,
    changes: broadcast::Sender<ListId>,
}

impl Default for Imports {
    fn default() -> Self {
        Self {
            line: Line::new(Bounds {
                places: MAX_WEIGHT,
                reserved: 0,
                share: MAX_WEIGHT_PER_ACCOUNT,
                waiting: MAX_WAITING,
                waiting_share: MAX_WAITING_PER_ACCOUNT,
                patience: PATIENCE,
            }),
            previews: Line::new(preview::BOUNDS),
            turn: Mutex::default(),
            running: TaskTracker::new(),
            changes: broadcast::channel(64).0,
        }
    }
}

impl Imports {
    /// Holds up every import before its next part, until the guard is dropped.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Imports that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }

    /// Waits until none runs any more. They end by themselves once the server stops.
    pub async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

/// What to import.
#[derive(Debug)]
pub struct ImportContacts {
    /// Into which list.
    pub list: ListId,
    /// The file, as it was kept.
    pub file: File,
    /// What it is called where it came from.
    pub file_name: String,
    /// How its columns are used.
    pub mapping: Mapping,
    /// Where numbers without a country's prefix are.
    pub default_country: Option<String>,
    /// Whether landlines come in too.
    pub accept_landlines: bool,
    /// Whether a number that is stored takes the row's fields.
    pub update_existing: bool,
}

/// What an import came to.
#[derive(Debug)]
pub struct ImportOutcome {
    /// The list as it is now.
    pub list: contact_list::Model,
    /// The import, at its end.
    pub import: contact_import::Model,
    /// The first rows that were refused.
    pub rejected: Vec<RejectedRow>,
    /// What it warns of.
    pub warnings: Vec<ImportWarning>,
}

impl Services {
    /// Reads contacts from a file into a list, to its end.
    ///
    /// # Errors
    /// Refusals that name the field, before anything came in. An import that began and did not reach the file's
    /// end is no error: its status and reason say so.
    pub async fn import_contacts(
        &self,
        viewer: &Viewer,
        input: ImportContacts,
    ) -> Result<ImportOutcome, OperationError> {
        let list = self
            .open_list(viewer, input.list, &Path::input("listId"))
            .await?;
        let path = Path::input("defaultCountry");
        let country = input.default_country.as_deref();
        let country = country
            .map(|code| input::country(code, &path))
            .transpose()?;
        let numbers = Numbers {
            country,
            accept: Accept::landlines(input.accept_landlines),
        };
        if self.stop.is_cancelled() {
            return Err(OperationError::Unavailable);
        }
        mapping::check(&input.mapping)?;
        let (file, format) = kind(input.file).await?;
        let place = self
            .import_place(AccountId::new(list.account_id), format)
            .await?;

        let reading = reading::start(self, (file, format), input.mapping, numbers);
        let reading = reading.opened().await?;
        let import = self.begin_import(&list, &input.file_name).await?;
        let job = Job {
            services: self.clone(),
            account: AccountId::new(list.account_id),
            list: input.list,
            import: ImportId::new(import.id),
            update_existing: input.update_existing,
            kept: 0,
            warned: 0,
        };
        // By itself: whoever waits for it may leave.
        let done = self.imports().running.spawn(async move {
            let _place = place;
            job.run(reading).await
        });
        let done = done.await;
        done.map_err(|cause| OperationError::broken(format!("an import ended badly: {cause}")))??;
        self.outcome(viewer, &list, ImportId::new(import.id)).await
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

    /// Notes that an import begins, where its list takes contacts.
    async fn begin_import(
        &self,
        list: &contact_list::Model,
        file_name: &str,
    ) -> Result<contact_import::Model, OperationError> {
        let now = self.clock.now().as_microsecond();
        let row = contact_import::Model {
            account_id: list.account_id,
            id: self.clock.new_id(),
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
        };
        let id = ListId::new(list.id);
        let transaction = self.store.begin().await?;
        store::contact_list::lock(&transaction, id).await?;
        match writing::standing(&transaction, (AccountId::new(list.account_id), id)).await? {
            writing::Standing::Open { .. } => {}
            writing::Standing::Archived => {
                return Err(Path::input("listId").not_found("list").into());
            }
            writing::Standing::CountedByHand => {
                return Err(Path::input("listId")
                    .refuse(RefusalCode::Conflict, BY_HAND)
                    .into());
            }
        }
        store::contact_import::insert(&transaction, row.clone()).await?;
        transaction.commit().await?;
        // Nobody may be listening.
        let _ = self.imports().changes.send(id);
        Ok(row)
    }

    async fn outcome(
        &self,
        viewer: &Viewer,
        list: &contact_list::Model,
        id: ImportId,
    ) -> Result<ImportOutcome, OperationError> {
        let reader = self.store.reader();
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
        // Archived meanwhile or not, it is the list that was asked for.
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

/// Why a list that is counted by hand takes no contacts.
const BY_HAND: &str = "The list's head-count was given by hand. Set its destinations to [] with \
    updateContactList first; its stored contacts are its head-count then.";

async fn kind(mut file: File) -> Result<(File, Format), OperationError> {
    let look = tokio::task::spawn_blocking(move || {
        imports::format(&mut file).map(|format| (file, format))
    });
    let found = look
        .await
        .map_err(|cause| OperationError::broken(format!("an upload was not read: {cause}")))?;
    found.map_err(|error| refusal(error, &Path::input("file")))
}

/// Why a file that was given at a path is not read.
fn refusal(error: ReadError, file: &Path) -> OperationError {
    match error {
        ReadError::Unreadable(Unreadable::Mapping { part, reason }) => {
            mapping::refuse(part, reason).into()
        }
        ReadError::Unreadable(why) => file.invalid(why.to_string()).into(),
        ReadError::Io(cause) => {
            Fault::Broken(format!("an upload can't be read back: {cause}")).into()
        }
    }
}

/// A file's name as it can be kept: any text, without what no database takes.
fn plain_name(name: &str) -> String {
    let name = name.chars().filter(|character| !character.is_control());
    name.take(MAX_FILE_NAME_CHARS).collect()
}

/// How an import reads its numbers.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    /// The country of numbers without a calling code.
    country: Option<CountryCode>,
    accept: Accept,
}
