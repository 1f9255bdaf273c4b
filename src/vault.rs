//! Encryption of secrets at rest, with keys that only the operator has.
//!
//! Here: the keys, where they come from, and sealing and opening bytes. Not here: which secrets are
//! stored and who may use them ([`crate::operations::payment_connection`]).

mod keys;

use std::{fmt, sync::Arc};

use chacha20poly1305::{
    Key as CipherKey, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretSlice};

use self::keys::{Key, NewKey};
pub use self::keys::{KeysError, MAX_KEYS, VARIABLE};
use crate::entropy;

/// The bytes of a nonce. They are random, which is safe for any number of messages: with 192 bits
/// no two of 2⁸⁰ messages are expected to share one.
const NONCE_BYTES: usize = 24;
/// The first byte of what is sealed: how the rest is to be read.
const FORMAT: u8 = 1;

/// The keys that secrets are encrypted with. The first encrypts, and all decrypt. Cheap to clone.
#[derive(Clone, Default)]
pub struct Vault(Arc<[Key]>);

/// Encrypted bytes, and the key that opens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the key.
    pub key_id: String,
    /// The format, the nonce, the encrypted bytes and their tag.
    pub bytes: Vec<u8>,
}

/// Why bytes can't be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no key to encrypt with.
    #[error("no key for secrets is configured")]
    NoKey,
    /// The key isn't configured.
    #[error("the key for this secret isn't configured")]
    UnknownKey,
    /// The bytes were changed, or belong elsewhere.
    #[error("the secret was altered or moved")]
    Altered,
}

impl Vault {
    /// One key with these bytes, which were derived from another secret.
    #[must_use]
    pub fn of(id: &str, bytes: [u8; 32]) -> Self {
        [(id.to_owned(), Box::new(bytes).into())]
            .into_iter()
            .collect()
    }

    /// Whether there are no keys, so that nothing can be encrypted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id of the key that encrypts; `None` without keys.
    #[must_use]
    pub fn current_key(&self) -> Option<&str> {
        self.0.first().map(|key| key.id.as_str())
    }

    /// Whether there is a key with this id.
    #[must_use]
    pub fn has_key(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    fn key(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Encrypts bytes that belong to `owner`, with the first key.
    ///
    /// # Errors
    /// There is no key.
    pub fn seal(&self, owner: &[&[u8]], secret: &SecretSlice<u8>) -> Result<Sealed, VaultError> {
        let key = self.0.first().ok_or(VaultError::NoKey)?;
        let nonce: [u8; NONCE_BYTES] = entropy::bytes();
        let payload = Payload {
            msg: secret.expose_secret(),
            aad: &bound_to(owner, &key.id),
        };
        let sealed = key
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| VaultError::Altered)?;
        let bytes = [&[FORMAT], nonce.as_slice(), &sealed].concat();
        Ok(Sealed {
            key_id: key.id.clone(),
            bytes,
        })
    }

    /// Decrypts bytes that were sealed for the same `owner`.
    ///
    /// # Errors
    /// The key isn't configured, or the bytes were altered or sealed for another owner.
    pub fn open(
        &self,
        owner: &[&[u8]],
        key_id: &str,
        bytes: &[u8],
    ) -> Result<SecretSlice<u8>, VaultError> {
        let key = self.key(key_id).ok_or(VaultError::UnknownKey)?;
        let (format, rest) = bytes.split_first().ok_or(VaultError::Altered)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Altered)?;
        if *format != FORMAT {
            return Err(VaultError::Altered);
        }
        let payload = Payload {
            msg: sealed,
            aad: &bound_to(owner, key_id),
        };
        key.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map(SecretSlice::from)
            .map_err(|_| VaultError::Altered)
    }
}

impl Key {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&CipherKey::from(*self.bytes.expose_secret()))
    }
}

/// The bytes that the encryption is bound to: its owner and its key. Each part comes after its
/// length, so that no two lists of parts give the same bytes.
fn bound_to(owner: &[&[u8]], key_id: &str) -> Vec<u8> {
    let parts = owner.iter().copied().chain([key_id.as_bytes()]);
    parts
        .flat_map(|part| {
            let length = (part.len() as u64).to_be_bytes();
            length.into_iter().chain(part.iter().copied())
        })
        .collect()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|key| key.id.as_str());
        f.debug_tuple("Vault")
            .field(&ids.collect::<Vec<_>>())
            .finish()
    }
}

impl FromIterator<NewKey> for Vault {
    fn from_iter<T: IntoIterator<Item = NewKey>>(keys: T) -> Self {
        Self(keys.into_iter().map(Key::from).collect())
    }
}

#[cfg(test)]
mod tests;
