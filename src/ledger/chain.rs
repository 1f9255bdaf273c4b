//! The hash chain of an account's transactions: each hash covers the one before it (law B5), so
//! that a row changed behind the server's back is found.
//!
//! The hashed bytes are a fixed, length-prefixed encoding of the row, its actor (law B7), its
//! postings and the lots whose expiry it moves. Changing the encoding would break every existing
//! chain. Transactions from before actors were recorded are encoded without one.

use entity::{lot_expiry_change, posting, transaction};
use sea_orm::ActiveEnum;
use sha2::{Digest, Sha256};

/// Whether transactions are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chaining {
    /// Every transaction's hash covers the one before it.
    #[default]
    On,
    /// Benchmarks only: no transaction has a hash, and the resulting books fail verification.
    #[cfg(feature = "bench")]
    Off,
}

/// Stands before the actor. A posting's position, which follows if there is no actor, is never
/// negative.
const ACTOR: i64 = -1;

/// The hash of a transaction, given the `previous` hash and the digest of its actor. The row's own
/// `hash` is ignored.
#[must_use]
pub fn hash(
    previous: &[u8],
    row: &transaction::Model,
    actor: Option<&[u8; 32]>,
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
    if let Some(actor) = actor {
        chain.number(ACTOR);
        chain.bytes(actor);
    }
    for posting in postings {
        chain.number(i64::from(posting.position));
        chain.bytes(posting.book.to_value().as_bytes());
        chain.optional(posting.list_id.as_ref().map(|id| &id.as_bytes()[..]));
        chain.optional(posting.lot_id.as_ref().map(|id| &id.as_bytes()[..]));
        chain.number(posting.units);
    }
    // Only a change of time zone moves expiries, and it has no postings, so no two rows encode
    // alike.
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

    /// Length first, so that no two rows encode to the same bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        self.bytes(bytes.unwrap_or_default());
    }
}
