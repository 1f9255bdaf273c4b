//! The chain of an account's transactions: each one's hash covers the one before it (law B5), so that a
//! row that was changed behind the server's back is found.
//!
//! The bytes that are hashed are a fixed, length-prefixed encoding of the row, its postings and the lots whose
//! expiry it moves; changing
//! it would break every chain that exists.

use entity::{lot_expiry_change, posting, transaction};
use sea_orm::ActiveEnum;
use sha2::{Digest, Sha256};

/// Whether transactions are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chaining {
    /// Every transaction is hashed after the one before it.
    #[default]
    On,
    /// Benchmarks only: no transaction has a hash, and the resulting books fail verification.
    #[cfg(feature = "bench")]
    Off,
}

/// The hash of a transaction, whatever its own `hash` says, after the one whose hash is `previous`.
#[must_use]
pub fn hash(
    previous: &[u8],
    row: &transaction::Model,
    postings: &[posting::Model],
    expiry_changes: &[lot_expiry_change::Model],
) -> [u8; 32] {
    let mut chain = Chain(Sha256::new());
    chain.bytes(previous);
    chain.bytes(row.account_id.as_bytes());
    chain.number(row.sequence);
    chain.bytes(row.id.as_bytes());
    chain.bytes(row.kind.to_value().as_bytes());
    chain.number(row.created_at);
    chain.optional(row.list_id.as_ref().map(|id| &id.as_bytes()[..]));
    chain.optional(row.message_id.as_ref().map(|id| &id.as_bytes()[..]));
    chain.optional(row.note.as_ref().map(String::as_bytes));
    for units in [
        row.available_change_units,
        row.available_units,
        row.held_units,
        row.unassigned_units,
    ] {
        chain.number(units);
    }
    for number in [row.next_expiry_units, row.next_expiry_at] {
        chain.optional(
            number
                .map(i64::to_be_bytes)
                .as_ref()
                .map(|bytes| &bytes[..]),
        );
    }
    chain.optional(row.next_expiry_on.as_ref().map(String::as_bytes));
    for posting in postings {
        chain.number(i64::from(posting.position));
        chain.bytes(posting.book.to_value().as_bytes());
        chain.optional(posting.list_id.as_ref().map(|id| &id.as_bytes()[..]));
        chain.optional(posting.lot_id.as_ref().map(|id| &id.as_bytes()[..]));
        chain.number(posting.units);
    }
    // Only a change of time zone has any, and it has no postings: no two rows run together.
    for change in expiry_changes {
        chain.bytes(change.lot_id.as_bytes());
        chain.number(change.from_at);
        chain.number(change.to_at);
    }
    chain.0.finalize().into()
}

struct Chain(Sha256);

impl Chain {
    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// Length first, so that no two rows run together into the same bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        self.bytes(bytes.unwrap_or_default());
    }
}
