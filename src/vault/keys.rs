//! The keys for secrets, which the operator configures.
//!
//! Here: their form. Not here: their sources ([`secret_file`]), and encrypting with them
//! ([`super`]).

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::Vault;
use crate::secret_file::{self, SecretFileError};

/// The environment variable that may hold them.
pub const VARIABLE: &str = "SECRET_KEYS";
/// The most keys. One is in use; the others are there while secrets move from one to the next.
pub const MAX_KEYS: usize = 32;

/// The bytes of a key.
const KEY_BYTES: usize = 32;
/// The longest id of a key.
const MAX_ID_CHARACTERS: usize = 64;
/// The largest source: several times what the most keys take.
const MAX_SOURCE_BYTES: usize = 16_384;
/// The fewest different bytes of a key. 32 random ones have about 30, and fewer than 16 with a
/// probability below 10⁻¹³.
const MIN_DIFFERENT: usize = 16;

/// A key with its id.
pub(super) struct Key {
    /// The name that rows store.
    pub id: String,
    /// The secret itself.
    pub bytes: SecretBox<[u8; KEY_BYTES]>,
}

/// A key that was read.
pub(super) type NewKey = (String, SecretBox<[u8; KEY_BYTES]>);

impl From<NewKey> for Key {
    fn from((id, bytes): NewKey) -> Self {
        Self { id, bytes }
    }
}

/// Why keys are refused. No message repeats a key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Their source can't be read.
    #[error(transparent)]
    Source(#[from] SecretFileError),
    /// The source is set and empty.
    #[error("the source of the keys for secrets is empty: {FORM}")]
    Empty,
    /// There are more than are allowed.
    #[error("at most {MAX_KEYS} keys for secrets are allowed")]
    TooMany,
    /// A key has another form.
    #[error("key {0} for secrets has no id, or another form: {FORM}")]
    Form(usize),
    /// Two keys have one id.
    #[error("keys for secrets have the id {0:?} twice; give each its own")]
    Doubled(String),
    /// A key is no random one.
    #[error(
        "the key for secrets with the id {0:?} isn't random: `openssl rand -base64 32` makes one"
    )]
    Guessable(String),
}

const FORM: &str = "write id:key on a line of its own for each, or separated by commas; the id has 1 to 64 \
                    letters, digits, dots, dashes and underscores, and the key is what `openssl rand -base64 32` \
                    prints";

impl Vault {
    /// Reads the keys from the environment or from `file`. Without either there are none.
    ///
    /// # Errors
    /// Says if both are set, or which key has another form.
    pub fn read(file: Option<&Path>) -> Result<Self, KeysError> {
        let text = secret_file::read(VARIABLE, file, MAX_SOURCE_BYTES)?;
        text.map_or_else(|| Ok(Self::default()), |text| Self::parse(&text))
    }

    /// The keys of a text: `id:key`, where the key is 32 random bytes in base64, on lines or
    /// between commas. The first encrypts.
    ///
    /// # Errors
    /// Says which key has another form, isn't random, or has the id of another.
    pub fn parse(text: &SecretString) -> Result<Self, KeysError> {
        let mut keys: Vec<NewKey> = Vec::new();
        let entries = text.expose_secret().split(['\n', ',']).map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let (id, bytes) = key(entry).ok_or(KeysError::Form(keys.len() + 1))?;
            if keys.iter().any(|(other, _)| *other == id) {
                return Err(KeysError::Doubled(id));
            }
            if different(bytes.expose_secret()) < MIN_DIFFERENT {
                return Err(KeysError::Guessable(id));
            }
            if keys.len() == MAX_KEYS {
                return Err(KeysError::TooMany);
            }
            keys.push((id, bytes));
        }
        if keys.is_empty() {
            return Err(KeysError::Empty);
        }
        Ok(keys.into_iter().collect())
    }
}

fn key(entry: &str) -> Option<NewKey> {
    let (id, encoded) = entry.split_once(':')?;
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let has_form = (1..=MAX_ID_CHARACTERS).contains(&id.len()) && id.bytes().all(is_sign);
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let bytes: [u8; KEY_BYTES] = bytes.try_into().ok()?;
    has_form.then(|| (id.to_owned(), SecretBox::new(Box::new(bytes))))
}

fn different(bytes: &[u8]) -> usize {
    let mut seen = bytes.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}
