//! What a batch loads for each kind of request.
//!
//! Here: the lists, purchases and messages that a request concerns, and whether it may touch every
//! pool. Not here: reading them ([`super::super::facts`], [`crate::store::book`]).

use domain::{
    book::{Command, Source},
    credits::Credits,
    id::{ListId, MessageId, PurchaseId},
    lot::Expiry,
};
use jiff::{Timestamp, civil::Date};

use super::RequestKind;

/// The expiry of a lot whose instant isn't computed yet: it counts as due, so that every pool is
/// read.
const DUE_AT_ONCE: Expiry = Expiry {
    at: Timestamp::MIN,
    on: Date::MIN,
};

impl RequestKind {
    /// The lists whose pools and rows the command needs.
    pub(in crate::ledger) fn lists(&self) -> Vec<ListId> {
        match self {
            Self::Allocate { allocations } => allocations.iter().map(|one| one.list).collect(),
            Self::Archive { list } => vec![*list],
            Self::Send(message) | Self::Schedule(message) => message.list.into_iter().collect(),
            Self::Update(update) => update.lists(),
            Self::End { list, .. } => list.iter().copied().collect(),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Reverse { .. }
            | Self::Revoke { .. }
            | Self::Expire
            | Self::ChangeTimeZone { .. } => Vec::new(),
        }
    }

    /// The command that may take credits from every pool, as the book judges it.
    pub(in crate::ledger) fn sharing_command(&self) -> Option<Command> {
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
            // Its lot isn't known yet; see `Self::reversed_purchase`.
            Self::Reverse { .. } => None,
            Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Schedule(_)
            | Self::Update(_)
            | Self::End { .. }
            | Self::Expire => None,
        }
    }

    /// The purchase whose lot the command takes back.
    pub(in crate::ledger) fn reversed_purchase(&self) -> Option<PurchaseId> {
        match self {
            Self::Reverse { purchase, .. } => Some(*purchase),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Revoke { .. }
            | Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Schedule(_)
            | Self::Update(_)
            | Self::End { .. }
            | Self::Expire
            | Self::ChangeTimeZone { .. } => None,
        }
    }

    /// The lists whose contacts must not leave while the command runs: departures are counted by
    /// then.
    pub(in crate::ledger) fn audiences(&self) -> Vec<ListId> {
        match self {
            Self::Schedule(message) => {
                let list = message.audience.and(message.list);
                list.into_iter().collect()
            }
            Self::Update(update) => update.lists(),
            Self::End { list, .. } => list.iter().copied().collect(),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Reverse { .. }
            | Self::Revoke { .. }
            | Self::Allocate { .. }
            | Self::Archive { .. }
            | Self::Send(_)
            | Self::Expire
            | Self::ChangeTimeZone { .. } => Vec::new(),
        }
    }

    /// Whether the command concerns lots that are used up.
    pub(in crate::ledger) fn concerns_used_up_lots(&self) -> bool {
        matches!(self, Self::ChangeTimeZone { .. })
    }

    /// The message whose hold the command moves or ends.
    pub(in crate::ledger) fn held_message(&self) -> Option<MessageId> {
        match self {
            Self::Update(update) => Some(update.message),
            Self::End { message, .. } => Some(*message),
            Self::Grant { .. }
            | Self::Credit { .. }
            | Self::Reverse { .. }
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
