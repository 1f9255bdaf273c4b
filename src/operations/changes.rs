//! Changes that subscriptions wait for, in any process.
//!
//! Here: who waits for what, and waking them. While nobody waits, changes cost nothing, and while
//! nothing changes, waiting costs one look in half a minute. Not here: what other processes say
//! ([`super::change_hints`]), and what a subscription then reads.
//!
//! A wake-up is only a hint: the database is the truth, and every subscription looks at it from
//! time to time without one.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::id::{AccountId, ListId};
use tokio::sync::{
    Notify,
    broadcast::{Receiver, error::RecvError},
    watch,
};

use super::Services;

/// How far the clocks of servers may differ, in microseconds: changes are looked for from that long
/// before the last known one.
pub(super) const CLOCKS_DIFFER: i64 = 60_000_000;

/// How often a subscription looks without a hint, while other processes' hints arrive.
const LOOK: Duration = Duration::from_secs(30);
/// How often it looks while they may not arrive.
const LOOK_CLOSELY: Duration = Duration::from_secs(1);
/// How long other processes may take to hear that this one waits for changes.
const BECOMES_KNOWN: Duration = Duration::from_secs(3);
/// How long another process is believed to wait for changes without saying so again.
pub(super) const LISTENS: Duration = Duration::from_secs(60);
/// How often the relay checks whether anybody still waits.
const RECHECK: Duration = Duration::from_secs(10);
/// With more changes than this at once, others hear that everything may have changed.
const MAX_OUTGOING: usize = 1_000;

/// What a subscription waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Topic {
    /// The books of an account.
    Books(AccountId),
    /// The imports of a list.
    Imports(ListId),
}

/// The subscriptions of this process, and what others are to hear.
#[derive(Debug)]
pub(super) struct Changes {
    state: Mutex<State>,
    /// Whether other processes' hints arrive.
    hears: AtomicBool,
    /// Notified when this process begins to wait for changes.
    pub(super) begins: Notify,
    /// Notified when others are to hear of a change.
    pub(super) leaves: Notify,
}

#[derive(Debug)]
struct State {
    watched: HashMap<Topic, watch::Sender<()>>,
    outgoing: BTreeSet<Topic>,
    /// Whether a task passes the ledger's changes on.
    is_relaying: bool,
    /// Until when other processes are believed to wait for changes.
    others_until: Instant,
    /// Until when subscriptions look closely, because hints may be missing.
    closely_until: Instant,
}

impl Default for Changes {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                watched: HashMap::new(),
                outgoing: BTreeSet::new(),
                is_relaying: false,
                others_until: now,
                closely_until: now,
            }),
            hears: AtomicBool::new(false),
            begins: Notify::new(),
            leaves: Notify::new(),
        }
    }
}

/// A subscription's place among those who wait.
#[derive(Debug)]
pub(super) struct Watch {
    changes: Arc<Changes>,
    topic: Topic,
    receiver: watch::Receiver<()>,
}

impl Watch {
    /// Waits until the topic may have changed.
    pub(super) async fn changed(&mut self) {
        let look = self.changes.look();
        // A timeout is expected: it only triggers the next read. The sender lives as long as this.
        drop(tokio::time::timeout(look, self.receiver.changed()).await);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let topic = self.topic;
        self.changes.with(|state| {
            let waiting = state.watched.get(&topic).map(watch::Sender::receiver_count);
            if waiting.is_some_and(|waiting| waiting <= 1) {
                state.watched.remove(&topic);
            }
        });
    }
}

impl Changes {
    /// Wakes the subscriptions of this process, and lets other processes hear of it.
    pub(super) fn tell(&self, topic: Topic) {
        let leaves = self.with(|state| {
            state.wake(&topic);
            let others = Instant::now() < state.others_until;
            others && state.outgoing.len() <= MAX_OUTGOING && state.outgoing.insert(topic)
        });
        if leaves {
            self.leaves.notify_one();
        }
    }

    /// Wakes the subscriptions of this process alone.
    pub(super) fn tell_here(&self, topic: Topic) {
        self.with(|state| state.wake(&topic));
    }

    /// Wakes every subscription of this process: hints may be missing.
    pub(super) fn tell_all_here(&self) {
        self.with(|state| {
            for sender in state.watched.values() {
                sender.send_replace(());
            }
        });
    }

    /// Whether this process waits for any change.
    pub(super) fn is_watching(&self) -> bool {
        self.with(|state| !state.watched.is_empty())
    }

    /// What others are to hear; `None` if everything may have changed.
    pub(super) fn take_outgoing(&self) -> Option<BTreeSet<Topic>> {
        let topics = self.with(|state| std::mem::take(&mut state.outgoing));
        (topics.len() <= MAX_OUTGOING).then_some(topics)
    }

    /// Records whether other processes' hints arrive.
    pub(super) fn set_hears(&self, hears: bool) {
        if self.hears.swap(hears, Ordering::Relaxed) && !hears {
            // They look at once, and closely from then on.
            self.tell_all_here();
        }
    }

    /// Makes subscriptions look closely for a while.
    pub(super) fn look_closely(&self, time: Duration) {
        self.with(|state| state.closely_until = state.closely_until.max(Instant::now() + time));
        self.tell_all_here();
    }

    /// Records that another process waits for changes, for a while.
    fn others_listen(&self, time: Duration) {
        let until = Instant::now() + time;
        self.with(|state| state.others_until = state.others_until.max(until));
    }

    fn look(&self) -> Duration {
        let closely = self.with(|state| Instant::now() < state.closely_until);
        match self.hears.load(Ordering::Relaxed) && !closely {
            true => LOOK,
            false => LOOK_CLOSELY,
        }
    }

    /// Whether nobody waits for changes any more, in which case the relay ends.
    fn rests(&self) -> bool {
        self.with(|state| {
            let rests = state.watched.is_empty() && Instant::now() >= state.others_until;
            state.is_relaying = !rests;
            rests
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds the lock can panic.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn wake(&self, topic: &Topic) {
        if let Some(sender) = self.watched.get(topic) {
            sender.send_replace(());
        }
    }
}

impl Services {
    /// Begins to wait for changes of a topic. What changes after this call isn't missed.
    pub(super) fn watch(&self, topic: Topic) -> Watch {
        let changes = self.changes();
        let (receiver, is_first) = changes.with(|state| {
            let is_first = state.watched.is_empty();
            if is_first {
                let known = Instant::now() + BECOMES_KNOWN;
                state.closely_until = state.closely_until.max(known);
            }
            let sender = state.watched.entry(topic);
            let sender = sender.or_insert_with(|| watch::channel(()).0);
            (sender.subscribe(), is_first)
        });
        self.relay();
        if is_first {
            changes.begins.notify_one();
        }
        Watch {
            changes: Arc::clone(changes),
            topic,
            receiver,
        }
    }

    /// Passes changes on for other processes, which wait for some, for a while.
    pub(super) fn relay_for_others(&self, time: Duration) {
        self.changes().others_listen(time);
        self.relay();
    }

    /// Passes the ledger's changes on as long as anybody waits for changes.
    fn relay(&self) {
        let is_relaying = self
            .changes()
            .with(|state| std::mem::replace(&mut state.is_relaying, true));
        if is_relaying {
            return;
        }
        // Subscribed before this returns, so that no change after it is missed.
        let (services, mut ledger) = (self.clone(), self.ledger().changes());
        tokio::spawn(async move {
            while !services.changes().rests() {
                tokio::select! {
                    () = services.pass_on(&mut ledger) => {}
                    () = tokio::time::sleep(RECHECK) => {}
                    () = services.stop().cancelled() => return services.pass_on_last(ledger).await,
                }
            }
        });
    }

    async fn pass_on(&self, ledger: &mut Receiver<AccountId>) {
        match ledger.recv().await {
            Ok(account) => self.changes().tell(Topic::Books(account)),
            // So many were missed that any account may have been among them.
            Err(RecvError::Lagged(_)) => self.changes().tell_all_here(),
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// While the server drains, clients still wait for what is under way.
    async fn pass_on_last(&self, mut ledger: Receiver<AccountId>) {
        while self.changes().is_watching() {
            let passed = self.pass_on(&mut ledger);
            drop(tokio::time::timeout(LOOK_CLOSELY, passed).await);
        }
    }
}
