//! The sandbox: charges nobody, and lets a page of this server ask Approve or Decline.
//!
//! Automatic charges are approved at once, or end as the account's connection says: its merchant id
//! names a rehearsal. What it answers follows from the purchase and the clock alone, so that a
//! restart forgets nothing.
//!
//! Here: its answers. Not here: the page ([`crate::http::checkout`]), its address and who may see
//! it ([`crate::operations::purchase`]), and the effect of approving.

use std::time::Duration;

use axum::http::HeaderMap;
use clap::Args;
use domain::payment::Event;
use jiff::{SignedDuration, Timestamp};

use super::{
    Approval, CallError, Credential, Mandate, MandateState, MandateWish, Merchant, Notice, Order,
    Provider, Rejected, Report, SettingsError,
};

/// The name stored with purchases.
pub const NAME: &str = "sandbox";

/// How long a purchase waits for its buyer, as with real providers.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);

/// The sandbox has no settings.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {}

/// The provider that charges nobody.
#[derive(Debug, Clone)]
pub struct Sandbox;

/// The sandbox, which needs no settings.
pub(super) fn configured(_: &Settings) -> Result<Option<Sandbox>, SettingsError> {
    Ok(Some(Sandbox))
}

#[async_trait::async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_real(&self) -> bool {
        false
    }

    fn approval(&self) -> Approval {
        Approval::OwnPage
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        None
    }

    fn check_merchant(&self, id: &str) -> Result<String, String> {
        match Rehearsal::named(id) {
            Some(_) => Ok(id.to_owned()),
            None => {
                let names = REHEARSALS.map(|(name, _)| name).join(", ");
                Err(text!("Must be how the sandbox ends automatic charges: one of {names}.", names = names).english())
            }
        }
    }

    async fn begin(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        Ok(waiting(order))
    }

    async fn charge(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        Rehearsal::of(merchant).charge(order)
    }

    async fn read(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        if !order.is_automatic {
            return Ok(waiting(order));
        }
        Rehearsal::of(merchant).read(order)
    }

    async fn mandate(&self, _: &Merchant, _: Option<&MandateWish>) -> Result<Mandate, CallError> {
        Ok(Mandate {
            state: MandateState::Active,
            reference: None,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: None,
        })
    }

    fn receive(&self, _: &HeaderMap, _: &[u8], _: Timestamp) -> Result<Notice, Rejected> {
        Err(Rejected::NotSupported)
    }
}

/// How the automatic charges of an account end, so that a platform can rehearse each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rehearsal {
    /// Paid at once.
    Approve,
    /// Declined.
    Decline,
    /// Declined if begun in an even hour of UTC, and paid in an odd one: the first retry, an hour
    /// after a decline, is paid.
    DeclineOnce,
    /// Not answered at first, then waiting, and paid [`SLOW`] after it was begun.
    Slow,
    /// Not answered at first, though it was paid.
    Silent,
    /// Not answered at first, and nothing was taken; paid when it is tried again.
    Lost,
    /// Paid at once, and reported as paid again whenever it is read.
    Duplicate,
    /// Declined at first, and paid after all [`LATE`] after it was begun.
    Late,
    /// Refused as too many calls for [`SLOW`], then paid.
    Busy,
}

/// The rehearsals by the merchant id that names each.
const REHEARSALS: [(&str, Rehearsal); 9] = [
    ("approve", Rehearsal::Approve),
    ("decline", Rehearsal::Decline),
    ("decline-once", Rehearsal::DeclineOnce),
    ("slow", Rehearsal::Slow),
    ("silent", Rehearsal::Silent),
    ("lost", Rehearsal::Lost),
    ("duplicate", Rehearsal::Duplicate),
    ("late", Rehearsal::Late),
    ("busy", Rehearsal::Busy),
];

/// How long a slow charge waits, and a busy sandbox refuses.
const SLOW: SignedDuration = SignedDuration::from_secs(30);
/// When a charge that was declined turns out to be paid: before an automatic recharge is tried
/// again.
const LATE: SignedDuration = SignedDuration::from_mins(10);

impl Rehearsal {
    /// The rehearsal that a connection names; an account without one is approved.
    fn of(merchant: &Merchant) -> Self {
        let named = merchant.id.as_deref().and_then(Self::named);
        named.unwrap_or(Self::Approve)
    }

    fn named(name: &str) -> Option<Self> {
        let found = REHEARSALS.iter().find(|(known, _)| *known == name);
        found.map(|(_, rehearsal)| *rehearsal)
    }

    /// Takes a charge, or finds it taken.
    fn charge(self, order: &Order) -> Result<Report, CallError> {
        let is_first = order.called_at.is_none();
        match self {
            Self::Slow | Self::Silent | Self::Lost if is_first => {
                let said = "the sandbox does not answer the first call".to_owned();
                Err(CallError::NoAnswer(said))
            }
            Self::Approve
            | Self::Decline
            | Self::DeclineOnce
            | Self::Slow
            | Self::Silent
            | Self::Lost
            | Self::Duplicate
            | Self::Late
            | Self::Busy => self.state(order),
        }
    }

    /// Reads a charge.
    fn read(self, order: &Order) -> Result<Report, CallError> {
        match self {
            // Its call was lost, unless a later one has its reference.
            Self::Lost if order.reference.is_none() => Ok(Report::of(Event::Absent)),
            Self::Approve
            | Self::Decline
            | Self::DeclineOnce
            | Self::Slow
            | Self::Silent
            | Self::Lost
            | Self::Duplicate
            | Self::Late
            | Self::Busy => self.state(order),
        }
    }

    fn state(self, order: &Order) -> Result<Report, CallError> {
        let age = order.now.duration_since(order.created_at);
        let hour = order.created_at.as_second().div_euclid(3_600);
        match self {
            Self::Busy if age < SLOW => {
                let left = (SLOW - age).unsigned_abs();
                Err(CallError::Busy(left.max(Duration::from_secs(1))))
            }
            Self::Slow if age < SLOW => Ok(ended(order, Event::Waiting)),
            Self::Decline => Ok(ended(order, Event::Declined)),
            Self::DeclineOnce if hour.rem_euclid(2) == 0 => Ok(ended(order, Event::Declined)),
            Self::Late if age < LATE => Ok(ended(order, Event::Declined)),
            Self::Approve
            | Self::DeclineOnce
            | Self::Slow
            | Self::Silent
            | Self::Lost
            | Self::Duplicate
            | Self::Late
            | Self::Busy => Ok(ended(order, Event::Paid)),
        }
    }
}

fn ended(order: &Order, event: Event) -> Report {
    let declined = written!("The sandbox declines the charges of this account.");
    Report {
        reason: (event == Event::Declined).then(|| declined.to_owned()),
        event,
        ..waiting(order)
    }
}

/// The purchase identifies the payment, and what its owner decides is stored with it: there is
/// nothing else to remember.
fn waiting(order: &Order) -> Report {
    let is_over = order.now.duration_since(order.created_at) >= PATIENCE;
    let event = if is_over {
        Event::Expired
    } else {
        Event::Waiting
    };
    Report {
        reference: Some(order.purchase.uuid().to_string()),
        ..Report::of(event)
    }
}
