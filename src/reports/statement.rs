//! The contents of a statement's file.
//!
//! Here: the statement as the workbook takes it. Not here: how it is read from the database, and
//! the layout of the file.

use std::fmt;

use domain::{credits::Credits, id::PurchaseId, money::Money, statement::MonthCredits};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The statement of a month.
#[derive(Debug, Clone)]
pub struct StatementFile {
    /// The name of the account.
    pub account_name: String,
    /// The time zone in which every instant is shown.
    pub time_zone: TimeZone,
    /// The first day of the month.
    pub month: Date,
    /// The first instant of the month.
    pub from: Timestamp,
    /// The first instant of the next month.
    pub to: Timestamp,
    /// The sum of one-time payments.
    pub one_time_payments: Money,
    /// The sum of automatic recharges.
    pub recharges: Money,
    /// The platform's fee.
    pub subscription_fee: Money,
    /// The sum of what was taken back.
    pub refunds: Money,
    /// What is left of all of these.
    pub total: Money,
    /// All of these one by one, the oldest first. Their amounts add up to the total.
    pub payments: Vec<PaymentRow>,
    /// What became of the credits; `None` if the month has not begun.
    pub credits: Option<MonthCredits>,
    /// When the statement was requested.
    pub generated_at: Timestamp,
    /// The instant whose state of the database it shows.
    pub as_of: Timestamp,
}

/// A payment, a refund or a fee.
#[derive(Debug, Clone)]
pub struct PaymentRow {
    /// When it was paid, or reported.
    pub at: Timestamp,
    /// What it is.
    pub kind: PaymentKind,
    /// The name of the package; empty for a fee.
    pub package: String,
    /// The purchase; `None` for a fee.
    pub purchase: Option<PurchaseId>,
    /// The credits that it bought.
    pub credits: Option<Credits>,
    /// What it adds to the total.
    pub amount: Money,
}

/// What a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// A payment with the provider that an owner approved.
    OneTime,
    /// A bank transfer that the platform confirmed.
    BankTransfer,
    /// An automatic recharge.
    Recharge,
    /// The platform's fee.
    SubscriptionFee,
    /// A refund or a chargeback.
    Refund,
}

impl fmt::Display for PaymentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneTime => "One-time payment",
            Self::BankTransfer => "Bank transfer",
            Self::Recharge => "Automatic recharge",
            Self::SubscriptionFee => "Subscription fee",
            Self::Refund => "Refund or chargeback",
        })
    }
}
