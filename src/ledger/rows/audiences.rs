//! The audiences of scheduled messages, as a batch adds and deletes them.

use entity::message_audience;
use sea_orm::prelude::Uuid;

use super::Rows;
use crate::ledger::request::Audience;

impl Rows {
    /// Deletes the audience of a message, by account, list and message; also one that the batch
    /// itself has added.
    pub(in crate::ledger) fn drop_audience(&mut self, key: [Uuid; 3]) {
        self.audiences
            .retain(|row| [row.account_id, row.list_id, row.message_id] != key);
        self.audiences_gone.push(key);
    }
}

/// The row of an audience, by account, list and message.
pub(in crate::ledger) fn audience_row(
    [account_id, list_id, message_id]: [Uuid; 3],
    audience: Audience,
    send_at: i64,
) -> message_audience::Model {
    message_audience::Model {
        account_id,
        list_id,
        message_id,
        revision: audience.revision,
        send_at,
        personal: audience.personal,
        smart_encoding: audience.smart_encoding,
        strip_accents: audience.strip_accents,
    }
}
