//! Lists of messages, and their conditions.
//!
//! Not here: reading their rows ([`crate::store`]).

use domain::id::{AccountId, ListId};
use entity::{message, sql_enums::MessageStatus};
use jiff::Timestamp;
use sea_orm::prelude::Uuid;

use super::{MessageFilter, MessageSort, ScheduledFilter};
use crate::operations::{
    OperationError, Path, ViewerReader,
    actor::AskedActor,
    input,
    last_change::AskedLastChanges,
    reader::{Listing, Window},
    together::Together,
};

/// The id of no list.
const NO_LIST: ListId = ListId::new(Uuid::nil());

/// The conditions of a list of messages. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedMessages {
    /// Only messages of this list; `Some(None)` for an id that is no list's.
    pub list: Option<Option<ListId>>,
    /// Only messages with one of these statuses.
    pub status: Option<Vec<MessageStatus>>,
    /// Only messages made by these actors.
    pub actor: Option<AskedActor>,
    /// Only messages with a sendAt at or after this instant.
    pub from: Option<String>,
    /// Only messages with a sendAt before this instant.
    pub to: Option<String>,
    /// Only messages charged at or after this instant.
    pub sent_from: Option<String>,
    /// Only messages charged before this instant.
    pub sent_to: Option<String>,
    /// Only messages that last changed in this period.
    pub changed: AskedLastChanges,
    /// Only messages whose name or text contains this.
    pub search: Option<String>,
    /// The order.
    pub sort: MessageSort,
}

/// The conditions of a list of scheduled messages. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedScheduled {
    /// Only messages of this list; `Some(None)` for an id that is no list's.
    pub list: Option<Option<ListId>>,
    /// Only messages with a sendAt at or after this instant.
    pub from: Option<String>,
    /// Only messages with a sendAt before this instant.
    pub to: Option<String>,
}

impl ViewerReader {
    /// A page of the messages among `all` that meet the conditions.
    ///
    /// # Errors
    /// `Invalid` if an instant can't be read or the search text is too long.
    pub async fn messages(
        &self,
        all: MessageFilter,
        asked: AskedMessages,
        window: Window,
    ) -> Result<Listing<message::Model>, OperationError> {
        let path = Path::argument("filter");
        let filter = self.message_filter(all, asked, &path).await?;
        self.list(filter, window).await
    }

    /// The messages among `all` that meet the conditions at a path.
    ///
    /// # Errors
    /// `Invalid` if an instant can't be read or the search text is too long.
    pub(in crate::operations) async fn message_filter(
        &self,
        all: MessageFilter,
        asked: AskedMessages,
        path: &Path,
    ) -> Result<MessageFilter, OperationError> {
        let instant = |text, name| instant(text, path, name);
        let checks = (
            self.actor_filter(all.account, asked.actor).await,
            instant(asked.from, "from"),
            instant(asked.to, "to"),
            instant(asked.sent_from, "sentFrom"),
            instant(asked.sent_to, "sentTo"),
            asked.changed.read_at(|name| path.at(name)),
            input::search(asked.search.as_deref(), &path.at("search")),
        );
        let (actor, from, to, sent_from, sent_to, changed, search) = checks.together()?;
        let mut filter = MessageFilter {
            status: asked.status,
            // A report's messages are its actor's, and nobody can ask for another one's there.
            actor: actor.or_else(|| all.actor.clone()),
            from,
            to,
            // Within the period of the list, if it has one.
            sent_from: all.sent_from.max(sent_from),
            sent_to: earlier(all.sent_to, sent_to),
            changed,
            search,
            sort: asked.sort,
            ..all
        };
        if let Some(list) = asked.list {
            // An id that is no list's matches no message.
            let list = list.unwrap_or(NO_LIST);
            filter.lists.push(Some(list));
        }
        Ok(filter)
    }

    /// A page of an account's scheduled messages that meet the conditions, earliest sendAt first.
    ///
    /// # Errors
    /// `Invalid` if an instant can't be read.
    pub async fn scheduled_messages(
        &self,
        account: AccountId,
        asked: AskedScheduled,
        window: Window,
    ) -> Result<Listing<message::Model>, OperationError> {
        let path = Path::argument("filter");
        let ends = (
            instant(asked.from, &path, "from"),
            instant(asked.to, &path, "to"),
        );
        let (from, to) = ends.together()?;
        let filter = ScheduledFilter {
            account,
            list: asked.list.map(|list| list.unwrap_or(NO_LIST)),
            from,
            to,
        };
        self.list(filter, window).await
    }
}

/// The earlier of two ends, of which `None` is never.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// The instant of a condition.
fn instant(
    text: Option<String>,
    path: &Path,
    name: &'static str,
) -> Result<Option<Timestamp>, OperationError> {
    text.map(|text| Ok(input::instant(&text, &path.at(name))?))
        .transpose()
}
