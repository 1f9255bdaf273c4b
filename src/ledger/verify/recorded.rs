//! Compares a chain with the head that was recorded of it before: a history that was shortened,
//! with everything that follows from it, agrees with itself.
//!
//! Here: the comparison of one account. Not here: recording heads ([`crate::ledger::heads`]).

use entity::transaction;

use super::{Findings, Found, hex};
use crate::ledger::heads::Head;

/// The recorded head of the chain that is walked.
pub(super) struct Recorded {
    head: Head,
    is_found: bool,
}

impl Recorded {
    pub(super) fn new(head: Head) -> Self {
        Self {
            head,
            // An account without transactions has no hash to find.
            is_found: head.transactions == 0,
        }
    }

    /// Compares a transaction with the head, if it has its number.
    pub(super) fn step(&mut self, row: &transaction::Model, findings: &mut Findings) {
        let Head {
            transactions, hash, ..
        } = self.head;
        if row.sequence == transactions && !self.is_found {
            self.is_found = true;
            if row.hash[..] != hash[..] {
                findings.add_first(
                    format!("hash of transaction {transactions}, the recorded head of the chain"),
                    hex(&hash),
                    hex(&row.hash),
                );
            }
        }
    }

    /// Reports a chain that ends before the head. `last` is the number of its last transaction.
    pub(super) fn end(self, last: i64, findings: &mut Findings) {
        if !self.is_found {
            let transactions = self.head.transactions;
            findings.add_first(
                format!("transactions up to the recorded head of the chain, number {transactions}"),
                transactions.to_string(),
                last.to_string(),
            );
        }
    }
}

/// The finding for an account that was recorded and is gone.
pub(super) fn of_missing_account(head: Head) -> Found {
    let mut findings = Findings::new(head.account);
    let transactions = head.transactions;
    findings.add(
        "the account, whose head was recorded".to_owned(),
        format!("an account with {transactions} transactions"),
        "none",
    );
    Found {
        accounts: 0,
        transactions: 0,
        last_at: None,
        findings,
    }
}
