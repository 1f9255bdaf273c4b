//! Links to files of everything that a list has: messages, transactions or contacts.
//!
//! Here: making them, the list's conditions in the link, and opening them. Not here: the form of
//! the file ([`crate::reports::export`]).

use std::collections::BTreeSet;

use domain::id::{AccountId, ApiKeyId, ListId};
use entity::sql_enums::{MessageStatus, TransactionKind};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        OperationError, Path, Services, Viewer, contact,
        message::{AskedMessages, MessageFilter},
        reader::Owned,
        transaction::AskedTransactions,
    },
    DownloadError, DownloadLink, FileClaims, slug,
};
use crate::{
    clock::whole_micros,
    reports::export::{ExportFile, Kind},
    store::{self, actor::ActorFilter, contact::ContactFilter, transaction::TransactionFilter},
};

/// The most merge fields of a CSV file, each of which is a column. A list may have more, since each
/// contact has up to 100 of its own.
const MAX_FIELDS: usize = 1_000;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values.
    Csv,
}

/// The parameters of a file beside its account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExportClaims {
    export: Export,
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
    search: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Transactions {
    list: Option<Uuid>,
    kinds: Option<BTreeSet<TransactionKind>>,
    actor: Option<Actors>,
    from: Option<i64>,
    to: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Actors {
    keys: Option<Vec<Uuid>>,
    label: Option<String>,
}

fn actors(filter: Option<ActorFilter>) -> Option<Actors> {
    filter.map(|filter| Actors {
        keys: (filter.keys).map(|keys| keys.into_iter().map(ApiKeyId::uuid).collect()),
        label: filter.on_behalf_of,
    })
}

fn actor_filter(actors: Option<Actors>) -> Option<ActorFilter> {
    actors.map(|actors| ActorFilter {
        keys: (actors.keys).map(|keys| keys.into_iter().map(ApiKeyId::new).collect()),
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
        let account = self.account_for(viewer, account, &path).await?;
        let all = MessageFilter::of(AccountId::new(account.id));
        let reader = self.reader(viewer.clone());
        let path = Path::input("filter");
        let filter = reader.message_filter(all, asked, &path);
        let filter = filter.await?;
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
            search: filter.search,
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
        let account = self.account_for(viewer, account, &path).await?;
        let reader = self.reader(viewer.clone());
        let of = AccountId::new(account.id);
        let path = Path::input("filter");
        let filter = reader.transaction_filter(of, asked, &path);
        let filter = filter.await?;
        let export = Export::Transactions(Transactions {
            list: filter.list.map(ListId::uuid),
            kinds: filter.kinds.map(|kinds| kinds.into_iter().collect()),
            actor: actors(filter.actor),
            from: micros(filter.from),
            to: micros(filter.to),
        });
        let name = format!("transactions-{}", slug(&account.name));
        self.export_link(viewer, of, (export, format), name).await
    }

    /// Makes a link to a file of the contacts of a list that match a search.
    ///
    /// # Errors
    /// An unknown list, and a search that can't be read, at its field. `Forbidden` if the viewer's
    /// role may not read contacts. `Invalid` at the format if the contacts have too many merge
    /// fields for columns.
    pub async fn export_contacts(
        &self,
        viewer: &Viewer,
        list: ListId,
        search: Option<String>,
        format: ExportFormat,
    ) -> Result<DownloadLink, OperationError> {
        super::may_read(viewer, "ContactList", "contacts")?;
        let row = self.reader(viewer.clone()).by_key(list).await?;
        let row = row.ok_or_else(|| Path::input("listId").not_found(text!("list")))?;
        let account = AccountId::new(row.account_id);
        let filter = ContactFilter {
            account,
            list,
            search: contact::read_search(search.as_deref(), &Path::input("search"))?,
            sort: None,
        };
        if format == ExportFormat::Csv {
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
        };
        let claims = FileClaims::Export(ExportClaims { export, format });
        self.signed_link(viewer, account, claims, format!("{name}.{extension}"))
            .await
    }

    /// Begins the snapshot that a file shows.
    pub(super) async fn export_file(
        &self,
        account: AccountId,
        claims: ExportClaims,
    ) -> Result<ExportFile, DownloadError> {
        let (source, pinned, _) = self.pinned_account(account).await?;
        let snapshot = source.snapshot;
        let backend = snapshot.get_database_backend();
        let (kind, rows) = match claims.export {
            Export::Messages(asked) => {
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
                    search: asked.search,
                    ..MessageFilter::of(account)
                };
                (Kind::Messages, store::message::export(backend, &filter))
            }
            Export::Transactions(asked) => {
                let filter = TransactionFilter {
                    account,
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
                };
                let fields = match claims.format {
                    ExportFormat::Jsonl => Vec::new(),
                    ExportFormat::Csv => field_columns(&snapshot, &filter).await?,
                };
                let rows = store::contact::export(backend, &filter);
                (Kind::Contacts(fields), rows)
            }
        };
        snapshot.rollback().await?;
        Ok(ExportFile { kind, pinned, rows })
    }
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
