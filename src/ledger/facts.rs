//! What a batch reads beside the books: keys that were used, and the rows that its commands
//! concern. Read after the accounts are locked, and updated while the commands are applied, so that
//! each command sees the effects of the ones before it.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    account, contact_list, idempotency_key, message, message_audience, message_departure, purchase,
    sql_enums::{MessageStatus, Settlement},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Value,
    prelude::Uuid,
};

use super::{
    answer::Answer,
    fault::Fault,
    losses::{self, Losses},
    request::{Refused, Request, RequestKind, Undone},
    stored_answer,
};
use crate::store::sql::row_set::RowSet;

/// The columns of [`pairs`].
const PAIR: [&str; 2] = ["account_id", "id"];

/// A key that was used, before the batch or in it.
#[derive(Debug)]
pub(super) struct Used {
    pub fingerprint: Vec<u8>,
    pub answer: Result<Answer, Fault>,
}

/// Rows by account and id, as the batch's commands have changed them so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub keys: BTreeMap<(Uuid, String), Used>,
    pub lists: BTreeMap<(Uuid, Uuid), contact_list::Model>,
    pub messages: BTreeMap<(Uuid, Uuid), message::Model>,
    pub purchases: BTreeMap<(Uuid, Uuid), purchase::Model>,
    /// What the lots whose payment is taken back lost before the batch.
    pub lost: Losses,
    /// The contacts that left the lists of the messages that end; no entry if nobody left.
    pub departures: BTreeMap<(Uuid, Uuid), Vec<message_departure::Model>>,
    /// The audiences of the messages that change, if they are stored contacts.
    pub audiences: BTreeMap<(Uuid, Uuid), message_audience::Model>,
    /// The accounts whose messages the server settles, among those with a hold to end.
    pub automatic: BTreeSet<Uuid>,
    /// How many messages are scheduled on the lists that are to be archived.
    pub scheduled: BTreeMap<(Uuid, Uuid), i64>,
}

impl Facts {
    /// Reads the rows that the requests concern.
    pub(super) async fn read(
        connection: &impl ConnectionTrait,
        requests: &[&Request],
    ) -> Result<Self, DbErr> {
        let mut facts = Self::default();
        let keys: BTreeSet<(Uuid, &str)> = requests
            .iter()
            .filter_map(|request| Some((request.account.uuid(), request.key.as_ref()?)))
            .map(|(account, key)| (account, key.key.as_str()))
            .collect();
        let keys = keys.into_iter();
        let keys = RowSet::of(keys.map(|(account, key)| [account.into(), key.into()]));
        let keys = keys
            .find::<idempotency_key::Entity>(connection, &["account_id", "key"], "")
            .await?;
        let used = |key: idempotency_key::Model| {
            let used = Used {
                answer: stored_answer::read(&key),
                fingerprint: key.fingerprint,
            };
            ((key.account_id, key.key), used)
        };
        facts.keys = keys.into_iter().map(used).collect();
        let lists = pairs(requests, |kind| {
            kind.lists().into_iter().map(|list| list.uuid()).collect()
        });
        facts.lists = lists
            .find::<contact_list::Entity>(connection, &PAIR, "")
            .await?
            .into_iter()
            .map(|row| ((row.account_id, row.id), row))
            .collect();
        let messages = pairs(requests, |kind| {
            kind.held_message()
                .into_iter()
                .map(|id| id.uuid())
                .collect()
        });
        facts.messages = messages
            .find::<message::Entity>(connection, &PAIR, "")
            .await?
            .into_iter()
            .map(|row| ((row.account_id, row.id), row))
            .collect();
        let purchases = pairs(requests, |kind| match kind {
            RequestKind::Credit { purchase, .. } | RequestKind::Reverse { purchase, .. } => {
                vec![purchase.uuid()]
            }
            RequestKind::Grant { .. }
            | RequestKind::Revoke { .. }
            | RequestKind::Allocate { .. }
            | RequestKind::Archive { .. }
            | RequestKind::Send(_)
            | RequestKind::Schedule(_)
            | RequestKind::Update(_)
            | RequestKind::End { .. }
            | RequestKind::Expire
            | RequestKind::ChangeTimeZone { .. } => Vec::new(),
        });
        facts.purchases = purchases
            .find::<purchase::Entity>(connection, &PAIR, "")
            .await?
            .into_iter()
            .map(|row| ((row.account_id, row.id), row))
            .collect();
        facts.lost = losses::read(connection, requests, &facts.purchases).await?;
        facts.read_departures(connection, requests).await?;
        facts.read_audiences(connection, requests).await?;
        facts.read_scheduled(connection, requests).await?;
        facts.read_settlements(connection, requests).await?;
        Ok(facts)
    }

    async fn read_departures(
        &mut self,
        connection: &impl ConnectionTrait,
        requests: &[&Request],
    ) -> Result<(), DbErr> {
        const MESSAGE: [&str; 2] = ["account_id", "message_id"];
        // Contacts leave lists only; other audiences have no departures.
        let ended = pairs(requests, |kind| {
            let message = kind.held_message();
            let message = message.filter(|_| !kind.audiences().is_empty());
            message.into_iter().map(|id| id.uuid()).collect()
        });
        for row in ended
            .find::<message_departure::Entity>(connection, &MESSAGE, "")
            .await?
        {
            let key = (row.account_id, row.message_id);
            self.departures.entry(key).or_default().push(row);
        }
        Ok(())
    }

    async fn read_audiences(
        &mut self,
        connection: &impl ConnectionTrait,
        requests: &[&Request],
    ) -> Result<(), DbErr> {
        let changed: BTreeSet<[Uuid; 3]> = requests
            .iter()
            .filter_map(|request| match &request.kind {
                RequestKind::Update(update) => {
                    let list = update.list?;
                    Some([request.account.uuid(), list.uuid(), update.message.uuid()])
                }
                RequestKind::Grant { .. }
                | RequestKind::Credit { .. }
                | RequestKind::Reverse { .. }
                | RequestKind::Revoke { .. }
                | RequestKind::Allocate { .. }
                | RequestKind::Archive { .. }
                | RequestKind::Send(_)
                | RequestKind::Schedule(_)
                | RequestKind::End { .. }
                | RequestKind::Expire
                | RequestKind::ChangeTimeZone { .. } => None,
            })
            .collect();
        let key = ["account_id", "list_id", "message_id"];
        let found = RowSet::of(changed.into_iter().map(|key| key.map(Value::from)))
            .find::<message_audience::Entity>(connection, &key, "")
            .await?;
        let found = found
            .into_iter()
            .map(|row| ((row.account_id, row.message_id), row));
        self.audiences = found.collect();
        Ok(())
    }

    async fn read_settlements(
        &mut self,
        connection: &impl ConnectionTrait,
        requests: &[&Request],
    ) -> Result<(), DbErr> {
        let accounts: BTreeSet<Uuid> = requests
            .iter()
            .filter(|request| request.kind.held_message().is_some())
            .map(|request| request.account.uuid())
            .collect();
        if accounts.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::Column::Id.is_in(accounts))
            .filter(account::Column::Settlement.eq(Settlement::Automatic))
            .into_tuple()
            .all(connection)
            .await?;
        self.automatic = ids.into_iter().collect();
        Ok(())
    }

    async fn read_scheduled(
        &mut self,
        connection: &impl ConnectionTrait,
        requests: &[&Request],
    ) -> Result<(), DbErr> {
        let lists: BTreeSet<Uuid> = requests
            .iter()
            .filter_map(|request| match &request.kind {
                RequestKind::Archive { list } => Some(list.uuid()),
                RequestKind::Grant { .. }
                | RequestKind::Credit { .. }
                | RequestKind::Reverse { .. }
                | RequestKind::Revoke { .. }
                | RequestKind::Allocate { .. }
                | RequestKind::Send(_)
                | RequestKind::Schedule(_)
                | RequestKind::Update(_)
                | RequestKind::End { .. }
                | RequestKind::Expire
                | RequestKind::ChangeTimeZone { .. } => None,
            })
            .collect();
        if lists.is_empty() {
            return Ok(());
        }
        let rows: Vec<(Uuid, Option<Uuid>, i64)> = message::Entity::find()
            .select_only()
            .columns([message::Column::AccountId, message::Column::ListId])
            .column_as(message::Column::Id.count(), "waiting")
            .filter(message::Column::Status.eq(MessageStatus::Scheduled))
            .filter(message::Column::ListId.is_in(lists))
            .group_by(message::Column::AccountId)
            .group_by(message::Column::ListId)
            .into_tuple()
            .all(connection)
            .await?;
        self.scheduled = rows
            .into_iter()
            .filter_map(|(account, list, count)| Some(((account, list?), count)))
            .collect();
        Ok(())
    }

    /// The answer of the command that used the request's key before, if one did (law B4).
    pub(super) fn replayed(&self, request: &Request) -> Result<Option<Answer>, Undone> {
        let Some(key) = &request.key else {
            return Ok(None);
        };
        let Some(used) = self.keys.get(&(request.account.uuid(), key.key.clone())) else {
            return Ok(None);
        };
        if used.fingerprint != key.fingerprint {
            return Err(Refused::KeyReused.into());
        }
        Ok(Some(used.answer.clone()?))
    }

    /// Records that a message on a list became scheduled (+1) or ended (-1).
    pub(super) fn count_scheduled(&mut self, account: Uuid, list: Option<Uuid>, change: i64) {
        if let Some(list) = list {
            *self.scheduled.entry((account, list)).or_default() += change;
        }
    }
}

/// The ids that the requests concern, each with its account.
fn pairs(requests: &[&Request], ids: impl Fn(&RequestKind) -> Vec<Uuid>) -> RowSet {
    let pairs: BTreeSet<(Uuid, Uuid)> = requests
        .iter()
        .flat_map(|request| {
            let account = request.account.uuid();
            ids(&request.kind).into_iter().map(move |id| (account, id))
        })
        .collect();
    RowSet::of_pairs(pairs)
}
