//! Idempotency keys: the same key with the same arguments returns the first answer again (law B4),
//! until it ends ([`super::retention`]).

use domain::id::AccountId;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Services,
    refusal::{OperationError, Path},
};
use crate::{ledger::Key, store};

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 255;

/// A validated key with the fingerprint of its request: the operation's name and its arguments as
/// the caller gave them. No mutable state decides whether two requests are the same.
///
/// # Errors
/// `Invalid` if the key is empty or too long.
pub fn key(text: &str, operation: &str, arguments: &impl Serialize) -> Result<Key, OperationError> {
    let path = Path::input("idempotencyKey");
    if text.trim().is_empty() || text.len() > MAX_KEY_BYTES || text.contains('\0') {
        return Err(path
            .invalid(text!(
                "Must have 1 to {limit} bytes, not all of them spaces, and no NUL.",
                limit = MAX_KEY_BYTES
            ))
            .into());
    }
    let arguments = serde_json::to_vec(arguments)
        .map_err(|cause| OperationError::broken(format!("arguments have no JSON form: {cause}")))?;
    let mut hash = Sha256::new();
    hash.update((operation.len() as u64).to_be_bytes());
    hash.update(operation);
    hash.update(arguments);
    Ok(Key {
        key: text.to_owned(),
        fingerprint: hash.finalize().into(),
    })
}

impl Services {
    /// Whether a key was used before. For a used key, checks against the time or changing state are
    /// skipped: the ledger returns its first answer or refuses it as reused.
    pub(super) async fn key_was_used(
        &self,
        account: AccountId,
        key: &Key,
    ) -> Result<bool, OperationError> {
        let used = store::idempotency_key::find(self.store().reader(), account, &key.key).await?;
        Ok(used.is_some())
    }
}
