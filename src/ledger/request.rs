//! What is asked of the ledger, what it answers, and why it refuses.

use domain::{
    book::{self, Allocation, Command, Source},
    credits::Credits,
    ending::{Asker, NoEnding, Wish},
    id::{AccountId, ListId, LotId, MessageId, PurchaseId, RateCardId, TransactionId},
    lot::Expiry,
    quote::Line,
    segmentation::{Channel, Encoding},
};
use entity::{message, sql_enums::MessageStatus};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One command for one account.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose books it moves.
    pub account: AccountId,
    /// What to do.
    pub act: Act,
    /// The caller's idempotency key, where the command takes one (law B4).
    pub key: Option<Key>,
    /// As of when, for histories that are written after the fact; the clock's now where `None`.
    pub at: Option<Timestamp>,
}

/// An idempotency key with what it was first used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Unique in the account.
    pub key: String,
    /// SHA-256 over the operation and its arguments.
    pub fingerprint: [u8; 32],
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Act {
    /// Credits are given.
    Grant {
        /// The new lot.
        lot: LotId,
        /// How many.
        credits: Credits,
        /// The expiration day, which begins as the account's time zone has it when the grant is booked.
        expires_on: Option<Date>,
        /// Why.
        note: String,
    },
    /// A pending purchase was paid: its credits come in, exactly once.
    Credit {
        /// The purchase.
        purchase: PurchaseId,
        /// The new lot, where this is the first time.
        lot: LotId,
    },
    /// Credits are taken back.
    Revoke {
        /// Only from this lot, where named.
        lot: Option<LotId>,
        /// How many.
        credits: Credits,
        /// Why.
        note: String,
    },
    /// Lists get limits or lose them.
    Allocate {
        /// What each list shall have.
        allocations: Vec<Allocation>,
    },
    /// A list is closed: its credits go back to the unassigned.
    Archive {
        /// The list.
        list: ListId,
    },
    /// A message is charged at once.
    Send(NewMessage),
    /// A message is scheduled.
    Schedule(NewMessage),
    /// The hold of a scheduled message ends, if it may end so (law H3).
    End {
        /// The message.
        message: MessageId,
        /// Its list.
        list: Option<ListId>,
        /// What is asked for.
        end: End,
    },
    /// Lots whose day has come are booked as expired.
    Expire,
    /// The account's days begin as another zone has them; lots keep their days (law L2).
    ChangeTimeZone {
        /// The zone, by an IANA name.
        time_zone: TimeZone,
    },
}

/// What is asked for a scheduled message; [`domain::ending::judge`] says what may be done.
#[derive(Debug, Clone)]
pub enum End {
    /// The server's own job charges in full what is due.
    Due,
    /// Everything that was planned is charged.
    InFull,
    /// What was sent is charged, as the sending service reports it.
    Reported(Sent),
    /// The message is given up.
    Cancel(Asker),
}

impl End {
    pub(super) fn wish(&self) -> Wish {
        match self {
            Self::Due => Wish::Due,
            Self::InFull => Wish::InFull,
            Self::Reported(sent) => Wish::Report {
                recipients: sent.recipients,
            },
            Self::Cancel(asker) => Wish::Cancel(*asker),
        }
    }
}

/// A message to charge or to hold credits for.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// Shown to people.
    pub name: Option<String>,
    /// The text as it is sent.
    pub text: String,
    /// SMS or MMS.
    pub channel: Channel,
    /// `None` for an MMS.
    pub encoding: Option<Encoding>,
    /// Segments for each recipient.
    pub segment_count: u32,
    /// What it costs.
    pub price: Sent,
    /// The version of the card that priced it.
    pub rate_card: RateCardId,
    /// When it is to be sent; now for a message that is charged at once.
    pub send_at: Option<Timestamp>,
    /// The stored contacts of its list that it is scheduled for, who may leave; `None` if it is for others.
    pub audience: Option<Audience>,
}

/// The stored contacts that a scheduled message was priced for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// The last of the list's revisions that was counted.
    pub revision: i64,
    /// How often contacts had been removed from the list.
    pub removals: i64,
    /// Whether its text has merge fields.
    pub personal: bool,
    /// Whether smart encoding was asked for.
    pub smart_encoding: bool,
    /// Whether accents may be taken off.
    pub strip_accents: bool,
}

/// Who is reached, and what that costs.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The recipients that the credits are for.
    pub recipients: u64,
    /// By destination.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub credits: Credits,
}

/// What a command answered, in full: a repetition of its key gets this again, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The command's own transaction; none where nothing had to move.
    pub transaction: Option<Uuid>,
    /// The lot that came in.
    pub lot: Option<Uuid>,
    /// The purchase that was begun.
    pub purchase: Option<Uuid>,
    /// The message as the command left it.
    pub message: Option<MessageAnswer>,
    /// The balance after the command.
    pub balance: Option<BalanceAnswer>,
    /// The message's row as it was written. A repetition of a key is answered without.
    #[serde(skip)]
    pub row: Option<Box<message::Model>>,
}

/// The part of a message that commands change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// The message.
    pub id: Uuid,
    /// Where it stood.
    pub status: MessageStatus,
    /// What it held or cost then, in units of 1/10,000 credit.
    pub units: i64,
    /// The recipients that the credits were for.
    pub recipients: i64,
    /// When it was charged, in microseconds since the epoch.
    pub sent_at: Option<i64>,
    /// Its cost by destination, where a later command may change the rows: a settlement puts what was sent
    /// in the place of what was scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LineAnswer>>,
}

/// What a message was to cost in one destination, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAnswer {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Segments for each recipient.
    pub segments: i32,
    /// The head-count.
    pub recipients: i64,
    /// The rate in units of 1/10,000 credit; `None` where the destination is not served.
    pub rate: Option<i64>,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// A balance as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceAnswer {
    /// As of when, in microseconds since the epoch.
    pub at: i64,
    /// Units of 1/10,000 credit.
    pub available: i64,
    /// Units of 1/10,000 credit.
    pub held: i64,
    /// Units of 1/10,000 credit.
    pub unassigned: i64,
    /// Units, instant in microseconds and ISO 8601 day of what was to expire next.
    pub next_expiry: Option<(i64, i64, String)>,
}

/// Why a command was refused. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The book refuses.
    #[error(transparent)]
    Book(#[from] book::Refusal),
    /// The key came with other arguments before.
    #[error("the idempotency key was used with other arguments")]
    KeyReused,
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such list in the account, or it is archived.
    #[error("there is no such list")]
    UnknownList(ListId),
    /// Contacts were removed from the list since the message was priced: it is to be priced again.
    #[error("contacts were removed from the list meanwhile")]
    ContactsRemoved,
    /// The list has messages that wait to be sent.
    #[error("the list has scheduled messages")]
    ScheduledMessages(ListId),
    /// There is no such purchase in the account.
    #[error("there is no such purchase")]
    UnknownPurchase,
    /// The purchase was declined, or expired, or failed.
    #[error("the purchase was decided otherwise")]
    PurchaseClosed,
    /// A scheduled message may not end so, or not now.
    #[error(transparent)]
    NoEnding(#[from] NoEnding),
    /// Something that the ledger relies on does not hold. Nothing changed.
    #[error("{0}")]
    Broken(&'static str),
    /// The purchase was credited before; nothing is to be done.
    #[error("the purchase was credited already")]
    AlreadyCredited,
}

/// Why a command has no answer. Only [`SubmitError::Unknown`] leaves open whether it was done.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It was refused, and changed nothing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Too many commands of its account wait already; it was not begun.
    #[error("too many commands of the account wait")]
    AccountBusy,
    /// Too many commands wait already; it was not begun.
    #[error("too many commands wait")]
    Busy,
    /// It waited too long for its turn; it was not begun.
    #[error("the command waited too long for its turn; nothing was done")]
    Late,
    /// The server is stopping; it was not begun.
    #[error("the ledger has stopped")]
    Stopped,
    /// The database failed before the commit: nothing was done.
    #[error("the database failed, nothing was done: {0}")]
    NotDone(String),
    /// The commit itself has no answer: it may have been done, and only a repetition with the same key
    /// tells.
    #[error("the commit has no answer, a repetition with the same key gets one: {0}")]
    Unknown(String),
}

/// The end of a lot whose day is not worked out yet: it counts as due, so that every pool is read.
const DUE_AT_ONCE: Expiry = Expiry {
    at: Timestamp::MIN,
    on: Date::MIN,
};

impl Act {
    /// The lists whose pools and rows the command needs.
    pub(super) fn lists(&self) -> Vec<ListId> {
        match self {
            Self::Allocate { allocations } => allocations.iter().map(|one| one.list).collect(),
            Self::Archive { list } => vec![*list],
            Self::Send(message) | Self::Schedule(message) => message.list.into_iter().collect(),
            Self::End { list, .. } => list.iter().copied().collect(),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Revoke { .. }
            | Self::Expire
            | Self::ChangeTimeZone { .. } => Vec::new(),
        }
    }

    /// What may take credits from every pool, as the book judges it.
    pub(super) fn sharing_command(&self) -> Option<Command> {
        match self {
            Self::Revoke { lot, credits, .. } => Some(Command::Revoke {
                lot: *lot,
                credits: *credits,
            }),
            Self::Grant {
                lot,
                credits,
                expires_on,
                ..
            } => Some(Command::Issue {
                lot: *lot,
                source: Source::Grant,
                credits: *credits,
                expiry: expires_on.map(|_| DUE_AT_ONCE),
            }),
            Self::Credit { lot, .. } => Some(Command::Issue {
                lot: *lot,
                source: Source::Purchase,
                credits: Credits::ZERO,
                expiry: Some(DUE_AT_ONCE),
            }),
            Self::ChangeTimeZone { time_zone } => Some(Command::ChangeTimeZone {
                time_zone: time_zone.clone(),
            }),
            Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Schedule(_)
            | Self::End { .. }
            | Self::Expire => None,
        }
    }

    /// The list whose contacts must not leave while the command is done: who has left is counted by then.
    pub(super) fn audience(&self) -> Option<ListId> {
        match self {
            Self::Schedule(message) => message.audience.and(message.list),
            Self::End { list, .. } => *list,
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Revoke { .. }
            | Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Expire
            | Self::ChangeTimeZone { .. } => None,
        }
    }

    /// Whether the command concerns lots that are used up.
    pub(super) fn concerns_used_up_lots(&self) -> bool {
        matches!(self, Self::ChangeTimeZone { .. })
    }

    /// The message whose hold the command ends.
    pub(super) fn held_message(&self) -> Option<MessageId> {
        match self {
            Self::End { message, .. } => Some(*message),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Revoke { .. }
            | Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Schedule(_)
            | Self::Expire
            | Self::ChangeTimeZone { .. } => None,
        }
    }
}

impl Answer {
    pub(super) fn empty() -> Self {
        Self {
            transaction: None,
            lot: None,
            purchase: None,
            message: None,
            balance: None,
            row: None,
        }
    }

    /// Reads an answer that was stored with a key.
    ///
    /// # Errors
    /// Where it can't be read. That is our fault: a client told that its key was reused would take a new one,
    /// and be charged twice.
    pub fn read(stored: &str) -> Result<Self, Refused> {
        serde_json::from_str(stored).map_err(|_| Refused::Broken("a stored answer can't be read"))
    }

    /// The command's own transaction.
    #[must_use]
    pub fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction.map(TransactionId::new)
    }
}

impl From<(Timestamp, book::Balance)> for BalanceAnswer {
    fn from((at, balance): (Timestamp, book::Balance)) -> Self {
        Self {
            at: at.as_microsecond(),
            available: balance.available.units(),
            held: balance.held.units(),
            unassigned: balance.unassigned.units(),
            next_expiry: balance.next_expiry.map(|next| {
                (
                    next.credits.units(),
                    next.expiry.at.as_microsecond(),
                    next.expiry.on.to_string(),
                )
            }),
        }
    }
}
