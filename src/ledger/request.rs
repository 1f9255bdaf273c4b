//! Requests to the ledger, and why it refuses them. Not here: its answers ([`super::answer`]), and
//! what a batch loads for a request ([`needs`]).

mod needs;
mod update;

pub use self::update::{MessageUpdate, Plan, Priced};

use domain::{
    book::{self, Allocation, ApplyError},
    channel::Channel,
    credits::Credits,
    ending::{Asker, NoEnding, Wish},
    id::{AccountId, ListId, LotId, MessageId, PurchaseId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::fault::{Fault, public_id};
use crate::store::actor::{Acting, Actor};

/// One command for one account.
#[derive(Debug, Clone)]
pub struct Request {
    /// The account.
    pub account: AccountId,
    /// Who gives the command (law B7).
    pub actor: Actor,
    /// What to do.
    pub kind: RequestKind,
    /// The caller's idempotency key, if the command takes one (law B4).
    pub key: Option<Key>,
    /// The instant to book at, for histories that are written later; the clock's now if `None`.
    pub at: Option<Timestamp>,
}

/// Who gives a command, and the instant to book it at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub by: &'a Acting,
    pub at: Timestamp,
}

/// An idempotency key with the fingerprint of its first use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Unique in the account.
    pub key: String,
    /// SHA-256 over the operation and its arguments.
    pub fingerprint: [u8; 32],
}

/// What to do.
#[derive(Debug, Clone)]
pub enum RequestKind {
    /// Grants credits.
    Grant {
        /// The new lot.
        lot: LotId,
        /// How many.
        credits: Credits,
        /// The expiration day. It begins in the account's time zone at the time of the grant.
        expires_on: Option<Date>,
        /// The note.
        note: String,
    },
    /// Credits a purchase that was paid, exactly once.
    Credit {
        /// The purchase.
        purchase: PurchaseId,
        /// The new lot, if the purchase isn't credited yet.
        lot: LotId,
        /// Whether its provider says that the money was taken: then it is credited even if it was
        /// closed (law R6).
        is_confirmed: bool,
    },
    /// Takes back what is left of a purchase's credits, and makes debt of those that were used, in
    /// proportion to what its provider took back of its price (law R5).
    Reverse {
        /// The purchase.
        purchase: PurchaseId,
        /// What the provider has taken back so far, in the currency's minor unit. What isn't more
        /// than before changes nothing.
        minor: i64,
    },
    /// Takes credits back.
    Revoke {
        /// Only from this lot, if given.
        lot: Option<LotId>,
        /// How many.
        credits: Credits,
        /// The note.
        note: String,
    },
    /// Gives lists limits or removes them.
    Allocate {
        /// The new state of each list.
        allocations: Vec<Allocation>,
    },
    /// Archives a list: its credits return to the unassigned pool.
    Archive {
        /// The list.
        list: ListId,
    },
    /// Charges a message at once.
    Send(NewMessage),
    /// Schedules a message.
    Schedule(NewMessage),
    /// Changes a scheduled message before its sendAt, and moves its hold if it was priced anew
    /// (law H4).
    Update(Box<MessageUpdate>),
    /// Ends the hold of a scheduled message, if it may end in this way (law H3).
    End {
        /// The message.
        message: MessageId,
        /// Its list.
        list: Option<ListId>,
        /// The way it is to end.
        end: End,
    },
    /// Books lots whose day has come as expired.
    Expire,
    /// Changes the account's time zone; lots keep their days (law L2).
    ChangeTimeZone {
        /// The zone, by its IANA name.
        time_zone: TimeZone,
    },
}

/// How a scheduled message is to end; [`domain::ending::judge`] decides whether it may.
#[derive(Debug, Clone)]
pub enum End {
    /// The server's own job charges a due message in full.
    Due,
    /// Everything that was planned is charged.
    InFull,
    /// What was sent is charged, as the sending service reports it. If it was
    /// priced by a plan, that must still be the message's.
    Reported(MessageCharge, Option<Plan>),
    /// The message is cancelled.
    Cancel(Asker),
}

impl End {
    pub(super) fn wish(&self) -> Wish {
        match self {
            Self::Due => Wish::Due,
            Self::InFull => Wish::InFull,
            Self::Reported(sent, _) => Wish::Report {
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
    /// The name shown to people.
    pub name: Option<String>,
    /// The text as it is sent.
    pub text: String,
    /// Its media as JSON; `None` for an SMS.
    pub media: Option<String>,
    /// The channel that carries it.
    pub channel: Channel,
    /// The encoding of an SMS; `None` on other channels.
    pub encoding: Option<Encoding>,
    /// Segments for each recipient.
    pub segment_count: u32,
    /// What it costs.
    pub price: MessageCharge,
    /// The version of the card that priced it.
    pub rate_card: RateCardId,
    /// When it is to be sent; now for a message that is charged at once.
    pub send_at: Option<Timestamp>,
    /// The stored contacts of its list that it is priced for, who may leave; `None` for other
    /// audiences.
    pub audience: Option<Audience>,
}

/// The stored contacts that a scheduled message was priced for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// The latest of the list's revisions that was counted.
    pub revision: i64,
    /// How often contacts had been removed from the list by then.
    pub removals: i64,
    /// Whether its text has merge fields.
    pub personal: bool,
    /// Whether smart encoding was asked for.
    pub smart_encoding: bool,
    /// Whether accents may be removed.
    pub strip_accents: bool,
}

/// The charge for a message: its recipients and their cost.
#[derive(Debug, Clone)]
pub struct MessageCharge {
    /// The recipients that the credits are for.
    pub recipients: u64,
    /// By destination.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub credits: Credits,
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
    /// Contacts were removed from the list since the message was priced: it has to be priced again.
    #[error("contacts were removed from the list meanwhile")]
    ContactsRemoved,
    /// The message was changed since the command was made from it: it has to be made again.
    #[error("the message was changed meanwhile")]
    MessageChanged,
    /// The message's sendAt has come, so that it can't be changed any more (law H4).
    #[error("the message is due")]
    MessageDue,
    /// The list has messages that wait to be sent.
    #[error("the list has scheduled messages")]
    ScheduledMessages(ListId),
    /// There is no such purchase in the account.
    #[error("there is no such purchase")]
    UnknownPurchase,
    /// The purchase was declined, or expired, or failed.
    #[error("the purchase was decided otherwise")]
    PurchaseClosed,
    /// The purchase isn't paid, so nothing can be taken back of it.
    #[error("the purchase is not paid")]
    NotPaid,
    /// As much was taken back of the purchase before; there is nothing to do.
    #[error("as much was taken back of the purchase already")]
    AlreadyReversed,
    /// The lot that the purchase bought was not recorded.
    #[error("the lot that the purchase bought is not known")]
    UnknownLot,
    /// A scheduled message may not end in this way, or not yet.
    #[error(transparent)]
    NoEnding(#[from] NoEnding),
    /// The purchase was credited before; there is nothing to do.
    #[error("the purchase was credited already")]
    AlreadyCredited,
}

/// Why a command of a batch was not done. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undone {
    /// It was refused.
    Refused(Refused),
    /// It met a fault: its changes to the batch must not be written.
    Fault(Fault),
}

impl From<Refused> for Undone {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<domain::fault::Fault> for Undone {
    fn from(fault: domain::fault::Fault) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<ApplyError> for Undone {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused(refusal) => Self::Refused(refusal.into()),
            ApplyError::Fault(fault) => fault.into(),
        }
    }
}

impl Undone {
    /// The error that the caller gets.
    pub(super) fn of(self, account: AccountId) -> SubmitError {
        match self {
            Self::Refused(refused) => refused.into(),
            Self::Fault(fault) => SubmitError::Fault { account, fault },
        }
    }
}

/// Why a command has no answer. Only [`SubmitError::Unknown`] leaves open whether it was done.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It was refused, and changed nothing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It met a broken invariant, and changed nothing.
    #[error("a fault of account {}: {fault}", public_id(*.account))]
    Fault {
        /// Whose books.
        account: AccountId,
        /// What is broken.
        fault: Fault,
    },
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
    /// The commit has no answer: the command may have been done, and only a repetition with the
    /// same key returns the outcome.
    #[error("the commit has no answer, a repetition with the same key gets one: {0}")]
    Unknown(String),
}
