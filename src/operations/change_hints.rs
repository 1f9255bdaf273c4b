//! Hints between processes: each says what changed, to those who wait for changes.
//!
//! Here: what they say to one another, and when. Not here: who waits in this process
//! ([`super::changes`]), and how texts are sent ([`crate::store::sql::hints`]).
//!
//! A process that waits for changes says so, again and again. The others send hints only as long as
//! somebody does, after their commits, a few milliseconds' changes in one message.

use std::{
    collections::BTreeSet,
    fmt::Write,
    time::{Duration, Instant},
};

use domain::id::{AccountId, ListId};
use sea_orm::{DbErr, prelude::Uuid};
use tokio_util::sync::CancellationToken;

use super::{
    Services,
    changes::{LISTENS, Topic},
};
use crate::{
    entropy,
    store::sql::hints::{Inbox, MAX_BYTES, Outbox},
};

/// How long changes are collected before they are sent.
const COLLECT: Duration = Duration::from_millis(5);
/// How often a process says whether it waits for changes.
const SAYS: Duration = Duration::from_secs(20);
/// A process that hasn't heard itself for this long hears nobody.
const DEAF: Duration = Duration::from_secs(45);
/// How long the others may take to answer a process that has started.
const ANSWER: Duration = Duration::from_secs(5);
/// How long after a lost connection, or a failed one, until the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a process that stops may still finish requests without sending hints.
const LEAVES: Duration = Duration::from_secs(30);

/// It waits for changes.
const HERE: &str = "here";
/// It waits for none.
const IDLE: &str = "idle";
/// It has started: whoever waits for changes is to say so.
const WHO: &str = "who";
/// It stops, and may still change something.
const LEAVING: &str = "leaving";
/// Anything may have changed.
const ALL: &str = "all";

impl Services {
    /// Exchanges hints with the other processes on the database until `stop` is cancelled.
    pub async fn exchange_hints(&self, stop: &CancellationToken) {
        let mut was_told = false;
        loop {
            let ended = match self.store().hints().await {
                Ok(None) => {
                    // One server serves a SQLite file, and knows its own changes.
                    self.changes().set_hears(true);
                    return;
                }
                Ok(Some((inbox, outbox))) => self.exchange(inbox, &outbox, stop).await,
                Err(cause) => Err(cause),
            };
            self.changes().set_hears(false);
            let Err(cause) = ended else { return };
            if !std::mem::replace(&mut was_told, true) {
                tracing::info!(%cause, "hints of other processes don't arrive: subscriptions look each second");
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn exchange(
        &self,
        mut inbox: Inbox,
        outbox: &Outbox,
        stop: &CancellationToken,
    ) -> Result<(), DbErr> {
        let own = u64::from_le_bytes(entropy::bytes());
        let changes = self.changes();
        let say = async |text: &str| outbox.send(&format!("{own:016x} {text}")).await;
        let mut heard_at = Instant::now();
        let mut says = tokio::time::interval(SAYS);
        says.tick().await;
        // Until they have answered, others may wait for changes.
        self.relay_for_others(ANSWER);
        say(WHO).await?;
        if changes.is_watching() {
            say(HERE).await?;
        }
        loop {
            tokio::select! {
                message = inbox.next() => {
                    let message = message?;
                    match message.split_once(' ') {
                        Some((from, _)) if from == format!("{own:016x}") => {
                            heard_at = Instant::now();
                            changes.set_hears(true);
                        }
                        Some((_, text)) => self.hear(text),
                        None => {}
                    }
                }
                () = changes.leaves.notified() => {
                    tokio::time::sleep(COLLECT).await;
                    for text in texts(changes.take_outgoing()) {
                        say(&text).await?;
                    }
                }
                () = changes.begins.notified() => say(HERE).await?,
                _ = says.tick() => {
                    if heard_at.elapsed() > DEAF {
                        return Err(DbErr::Custom("nothing was heard".to_owned()));
                    }
                    say(if changes.is_watching() { HERE } else { IDLE }).await?;
                }
                () = stop.cancelled() => {
                    for text in texts(changes.take_outgoing()) {
                        say(&text).await?;
                    }
                    return say(LEAVING).await;
                }
            }
        }
    }

    fn hear(&self, text: &str) {
        let changes = self.changes();
        match text {
            HERE => self.relay_for_others(LISTENS),
            IDLE => {}
            WHO if changes.is_watching() => changes.begins.notify_one(),
            WHO => {}
            LEAVING => changes.look_closely(LEAVES),
            ALL => changes.tell_all_here(),
            topics => {
                for topic in topics.split(' ').filter_map(topic) {
                    changes.tell_here(topic);
                }
            }
        }
    }
}

/// The messages that name these topics.
fn texts(topics: Option<BTreeSet<Topic>>) -> Vec<String> {
    let Some(topics) = topics else {
        return vec![ALL.to_owned()];
    };
    let mut texts: Vec<String> = Vec::new();
    for topic in topics {
        let (letter, id) = match topic {
            Topic::Books(account) => ('b', account.uuid()),
            Topic::Imports(list) => ('i', list.uuid()),
        };
        let mut word = String::new();
        // Writing to a string never fails.
        let _ = write!(word, "{letter}{}", id.simple());
        match texts.last_mut() {
            Some(text) if text.len() + word.len() < MAX_BYTES - 32 => {
                text.push(' ');
                text.push_str(&word);
            }
            _ => texts.push(word),
        }
    }
    texts
}

fn topic(word: &str) -> Option<Topic> {
    let id = |text: &str| Uuid::try_parse(text).ok();
    if let Some(account) = word.strip_prefix('b') {
        return id(account).map(|id| Topic::Books(AccountId::new(id)));
    }
    let list = word.strip_prefix('i')?;
    id(list).map(|id| Topic::Imports(ListId::new(id)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::id::{AccountId, ListId};
    use sea_orm::prelude::Uuid;

    use super::{ALL, MAX_BYTES, Topic, texts, topic};

    #[test]
    fn topics_read_back_from_messages_that_fit() {
        let books = (0..500).map(|id| Topic::Books(AccountId::new(Uuid::from_u128(id))));
        let imports = (0..500).map(|id| Topic::Imports(ListId::new(Uuid::from_u128(id))));
        let topics: BTreeSet<Topic> = books.chain(imports).collect();
        let texts = texts(Some(topics.clone()));
        assert!(texts.len() > 1);
        assert!(texts.iter().all(|text| text.len() + 17 <= MAX_BYTES));
        let words = texts.iter().flat_map(|text| text.split(' '));
        assert_eq!(words.filter_map(topic).collect::<BTreeSet<_>>(), topics);
    }

    #[test]
    fn what_is_no_topic_names_nothing() {
        assert_eq!(texts(None), [ALL]);
        assert!(texts(Some(BTreeSet::new())).is_empty());
        for word in ["", "b", "i", "x0", "bxyz", "b12"] {
            assert_eq!(topic(word), None, "{word}");
        }
    }
}
