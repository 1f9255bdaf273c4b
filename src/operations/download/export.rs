//! Links to files of everything that a list has: messages, transactions or contacts.
//!
//! Here: making them, the list's conditions in the link, and opening them. Not here: the form of
//! the file ([`crate::reports::export`]).

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::{AccountId, ApiKeyId, ListId};
use entity::sql_enums::{MessageStatus, Role, TransactionKind};
use hmac::Mac;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        OperationError, Path, Services, Viewer,
        account::time_zone,
        contact,
        last_change::LastChanges,
        message::{AskedMessages, MessageFilter},
        reader::Owned,
        server_secret::Purpose,
        together::Together,
        transaction::AskedTransactions,
    },
    DownloadError, DownloadLink, FileClaims,
    actors::seen_actors,
    slug,
};
use crate::{
    clock::whole_micros,
    reports::{
        actors::Actors as SeenActors,
        export::{ExportFile, Kind},
    },
    store::{self, actor::ActorFilter, contact::ContactFilter, transaction::TransactionFilter},
    vault::Vault,
};

/// The most merge fields of a CSV file or a workbook, each of which is a column. A list may have
/// more, since each contact has up to 100 of its own.
const MAX_FIELDS: usize = 1_000;

/// The id of the key for links.
const LINKS: &str = "links";

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// An Excel workbook.
    Xlsx,
}

/// The parameters of a file beside its account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExportClaims {
    /// The encrypted [`Export`], in base64: a search may be a telephone number or a name, and
    /// addresses are kept in histories and logs.
    sealed: String,
    pub(super) format: ExportFormat,
}

#[derive(Debug, Serialize, Deserialize)]
enum Export {
    Messages(Messages),
    Transactions(Transactions),
    Contacts { list: Uuid, search: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
struct Messages {
    lists: Vec<Option<Uuid>>,
    statuses: Option<BTreeSet<MessageStatus>>,
    actor: Option<Actors>,
    from: Option<i64>,
    to: Option<i64>,
    sent_from: Option<i64>,
    sent_to: Option<i64>,
    /// Earlier programs' links don't have these two.
    #[serde(default)]
    updated_from: Option<i64>,
    #[serde(default)]
    updated_to: Option<i64>,
    search: Option<String>,
    /// The role of who made the link. Earlier programs' links don't say it.
    #[serde(default)]
    role: Option<Role>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Transactions {
    list: Option<Uuid>,
    kinds: Option<BTreeSet<TransactionKind>>,
    actor: Option<Actors>,
    from: Option<i64>,
    to: Option<i64>,
    /// The role of who made the link. Earlier programs' links don't say it.
    #[serde(default)]
    role: Option<Role>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Actors {
    keys: Option<Vec<Uuid>>,
    /// Earlier programs' links don't say it.
    #[serde(default)]
    own_users: bool,
    label: Option<String>,
}

fn actors(filter: Option<ActorFilter>) -> Option<Actors> {
    filter.map(|filter| Actors {
        keys: (filter.keys).map(|keys| keys.into_iter().map(ApiKeyId::uuid).collect()),
        own_users: filter.own_users,
        label: filter.on_behalf_of,
    })
}

fn actor_filter(actors: Option<Actors>) -> Option<ActorFilter> {
    actors.map(|actors| ActorFilter {
        keys: (actors.keys).map(|keys| keys.into_iter().map(ApiKeyId::new).collect()),
        own_users: actors.own_users,
        on_behalf_of: actors.label,
    })
}

fn micros(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_microsecond)
}

impl Services {
    /// Makes a link to a file of the messages of an account that meet the conditions.
    ///
    /// # Errors
    /// An unknown account, and each condition that can't be read, at its field.
    pub async fn export_messages(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
        asked: AskedMessages,
        format: ExportFormat,
    ) -> Result<DownloadLink, OperationError> {
        let path = Path::input("accountId");
        let account = self.account_for(viewer, account, &path).await;
        let known = account.as_ref().ok().map(|account| account.id);
        let all = MessageFilter::of(AccountId::new(known.unwrap_or_default()));
        let reader = self.reader(viewer.clone());
        let path = Path::input("filter");
        let filter = reader.message_filter(all, asked, &path).await;
        let (account, filter) = (account, filter).together()?;
        let export = Export::Messages(Messages {
            lists: (filter.lists.iter())
                .map(|list| list.map(ListId::uuid))
                .collect(),
            statuses: filter.status.map(|status| status.into_iter().collect()),
            actor: actors(filter.actor),
            from: micros(filter.from),
            to: micros(filter.to),
            sent_from: micros(filter.sent_from),
            sent_to: micros(filter.sent_to),
            updated_from: micros(filter.changed.from),
            updated_to: micros(filter.changed.to),
            search: filter.search,
            role: Some(viewer.role),
        });
        let name = format!("messages-{}", slug(&account.name));
        self.export_link(viewer, filter.account, (export, format), name)
            .await
    }

    /// Makes a link to a file of the transactions of an account that meet the conditions.
    ///
    /// # Errors
    /// An unknown account, and each condition that can't be read, at its field.
    pub async fn export_transactions(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
        asked: AskedTransactions,
        format: ExportFormat,
    ) -> Result<DownloadLink, OperationError> {
        let path = Path::input("accountId");
        let account = self.account_for(viewer, account, &path).await;
        let known = account.as_ref().ok().map(|account| account.id);
        let reader = self.reader(viewer.clone());
        let of = AccountId::new(known.unwrap_or_default());
        let path = Path::input("filter");
        let filter = reader.transaction_filter(of, asked, &path).await;
        let (account, filter) = (account, filter).together()?;
        let export = Export::Transactions(Transactions {
            list: filter.list.map(ListId::uuid),
            kinds: filter.kinds.map(|kinds| kinds.into_iter().collect()),
            actor: actors(filter.actor),
            from: micros(filter.from),
            to: micros(filter.to),
            role: Some(viewer.role),
        });
        let name = format!("transactions-{}", slug(&account.name));
        self.export_link(viewer, of, (export, format), name).await
    }

    /// Makes a link to a file of the contacts of a list that match a search.
    ///
    /// # Errors
    /// An unknown or archived list, and a search that can't be read, at its field. `Forbidden` if
    /// the viewer's role may not read contacts. `Invalid` at the format if the contacts have too
    /// many merge fields for columns.
    pub async fn export_contacts(
        &self,
        viewer: &Viewer,
        list: ListId,
        search: Option<String>,
        format: ExportFormat,
    ) -> Result<DownloadLink, OperationError> {
        super::may_read(viewer, "ContactList", "contacts")?;
        // The contacts of an archived list are being removed, and its empty file would look like
        // that of a list without contacts.
        let row = self.open_list(viewer, list, &Path::input("listId")).await;
        let read = contact::read_search(search.as_deref(), &Path::input("search"));
        let (row, read) = (row, read).together()?;
        let account = AccountId::new(row.account_id);
        let filter = ContactFilter {
            account,
            list,
            search: read,
            sort: None,
            changed: LastChanges::default(),
        };
        if format != ExportFormat::Jsonl {
            let reader = self.store().reader();
            field_columns(reader, &filter).await?;
        }
        let name = format!("contacts-{}", slug(&row.name));
        let export = Export::Contacts {
            list: list.uuid(),
            search,
        };
        self.export_link(viewer, account, (export, format), name)
            .await
    }

    async fn export_link(
        &self,
        viewer: &Viewer,
        account: AccountId,
        (export, format): (Export, ExportFormat),
        name: String,
    ) -> Result<DownloadLink, OperationError> {
        let extension = match format {
            ExportFormat::Jsonl => "jsonl",
            ExportFormat::Csv => "csv",
            ExportFormat::Xlsx => "xlsx",
        };
        let export = serde_json::to_vec(&export)
            .map_err(|cause| OperationError::broken(format!("a link has no JSON form: {cause}")))?;
        let vault = self.vault_of_links().await?;
        let sealed = vault.seal(&owner(account.uuid().as_bytes()), &export.into());
        let sealed = sealed
            .map_err(|cause| OperationError::broken(format!("a link isn't encrypted: {cause}")))?;
        let claims = FileClaims::Export(ExportClaims {
            sealed: BASE64_URL_SAFE_NO_PAD.encode(sealed.bytes),
            format,
        });
        self.signed_link(viewer, account, claims, format!("{name}.{extension}"))
            .await
    }

    /// What a link shows.
    async fn opened(&self, account: AccountId, sealed: &str) -> Result<Export, DownloadError> {
        let vault = self.vault_of_links().await?;
        let export = BASE64_URL_SAFE_NO_PAD
            .decode(sealed)
            .ok()
            .and_then(|sealed| {
                let account = account.uuid();
                let owner = owner(account.as_bytes());
                vault.open(&owner, LINKS, &sealed).ok()
            });
        // An earlier version may have encrypted something else.
        let export = export.ok_or(DownloadError::NotFound)?;
        serde_json::from_slice(export.expose_secret()).map_err(|_| DownloadError::NotFound)
    }

    /// The key that the contents of links are encrypted with, which every process derives from the
    /// server's secret.
    async fn vault_of_links(&self) -> Result<Vault, OperationError> {
        let mut key = self.signer(Purpose::Downloads).await?;
        key.update(b"the contents of links");
        let key: [u8; 32] = key.finalize().into_bytes().into();
        Ok(Vault::of(LINKS, key))
    }

    /// Begins the snapshot that a file shows.
    pub(super) async fn export_file(
        &self,
        account: AccountId,
        claims: ExportClaims,
    ) -> Result<ExportFile, DownloadError> {
        let (source, pinned, row) = self.pinned_account(account).await?;
        let snapshot = source.snapshot;
        let backend = snapshot.get_database_backend();
        let export = self.opened(account, &claims.sealed).await?;
        let mut actors = SeenActors::default();
        let (kind, rows) = match export {
            Export::Messages(asked) => {
                actors = seen_actors(&snapshot, account, asked.role).await?;
                let filter = MessageFilter {
                    lists: (asked.lists.into_iter())
                        .map(|list| list.map(ListId::new))
                        .collect(),
                    status: asked.statuses.map(|set| set.into_iter().collect()),
                    actor: actor_filter(asked.actor),
                    from: asked.from.map(whole_micros),
                    to: asked.to.map(whole_micros),
                    sent_from: asked.sent_from.map(whole_micros),
                    sent_to: asked.sent_to.map(whole_micros),
                    changed: LastChanges {
                        from: asked.updated_from.map(whole_micros),
                        to: asked.updated_to.map(whole_micros),
                    },
                    search: asked.search,
                    ..MessageFilter::of(account)
                };
                (Kind::Messages, store::message::export(backend, &filter))
            }
            Export::Transactions(asked) => {
                actors = seen_actors(&snapshot, account, asked.role).await?;
                let filter = TransactionFilter {
                    account,
                    message: None,
                    list: asked.list.map(ListId::new),
                    kinds: asked.kinds.map(|set| set.into_iter().collect()),
                    actor: actor_filter(asked.actor),
                    from: asked.from.map(whole_micros),
                    to: asked.to.map(whole_micros),
                };
                let rows = store::transaction::export(&snapshot, &filter).await?;
                (Kind::Transactions, rows)
            }
            Export::Contacts { list, search } => {
                let list = ListId::new(list);
                // The contacts of an archived list are being removed, and aren't shown any more.
                let row = store::contact_list::find(&snapshot, list).await?;
                row.filter(|row| row.belongs_to(account) && row.archived_at.is_none())
                    .ok_or(DownloadError::NotFound)?;
                let filter = ContactFilter {
                    account,
                    list,
                    search: contact::read_search(search.as_deref(), &Path::input("search"))?,
                    sort: None,
                    changed: LastChanges::default(),
                };
                let fields = match claims.format {
                    ExportFormat::Jsonl => Vec::new(),
                    ExportFormat::Csv | ExportFormat::Xlsx => {
                        field_columns(&snapshot, &filter).await?
                    }
                };
                let rows = store::contact::export(backend, &filter);
                (Kind::Contacts(fields), rows)
            }
        };
        snapshot.rollback().await?;
        Ok(ExportFile {
            kind,
            pinned,
            rows,
            actors,
            time_zone: time_zone(&row)?,
            requested_at: self.clock().now(),
        })
    }
}

/// What the contents of a link are bound to.
fn owner(account: &[u8; 16]) -> [&[u8]; 2] {
    [b"export", account]
}

/// The merge fields of a filter's contacts, each of which is a column.
async fn field_columns(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
) -> Result<Vec<String>, OperationError> {
    let limit = MAX_FIELDS as u64 + 1;
    let names = store::contact::field_names(connection, filter, limit).await?;
    if names.len() > MAX_FIELDS {
        let message = text!(
            "The contacts have more than {limit} merge fields, too many for columns; take JSONL.",
            limit = MAX_FIELDS
        );
        return Err(Path::input("format").invalid(message).into());
    }
    Ok(names)
}
