//! The platform administrator's key that the operator configures.
//!
//! Here: the check that it is hard to guess. Not here: its sources ([`crate::secret_file`]), and
//! authentication with it ([`crate::operations::api_key`]). It is not an option: every user of a
//! machine can read command lines.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::secret_file::{self, SecretFileError};

/// The environment variable that may hold it.
pub const VARIABLE: &str = "ADMIN_API_KEY";

/// The minimum length: 32 hexadecimal digits are 128 random bits, and base64 of 32 random bytes has
/// 44.
pub const MIN_CHARACTERS: usize = 32;
/// The maximum length: no generator's output is longer, and a file of another kind is detected.
pub const MAX_CHARACTERS: usize = 512;
/// The minimum number of different characters. Of keys of 32 random hexadecimal digits, one in 25
/// million has fewer.
pub const MIN_DIFFERENT: usize = 8;

/// A key that is hard to guess.
#[derive(Debug, Clone)]
pub struct AdminKey(SecretString);

/// Why a key is refused. No message repeats the key.
#[derive(Debug, thiserror::Error)]
pub enum AdminKeyError {
    /// It was given as an option.
    #[error(
        "--admin-api-key was removed, because every user of the machine can read command lines: put the key into \
         the environment variable ADMIN_API_KEY, or into a file that --admin-api-key-file (ADMIN_API_KEY_FILE) names. \
         Replace the key that was given: others may have seen it"
    )]
    OnCommandLine,
    /// Its source can't be read.
    #[error(transparent)]
    Source(#[from] SecretFileError),
    /// It can't be sent in a header.
    #[error(
        "the administrator's key has characters that no HTTP header can carry: use letters, digits and \
         ASCII punctuation, such as `openssl rand -base64 32` prints"
    )]
    NotAscii,
    /// Its length is out of range.
    #[error(
        "the administrator's key has {0} characters; it must have {MIN_CHARACTERS} to {MAX_CHARACTERS}: use at \
         least 32 random bytes, such as `openssl rand -base64 32` prints"
    )]
    Length(usize),
    /// It is easily guessed.
    #[error(
        "the administrator's key repeats itself, so that it is easily guessed: use at least 32 random bytes, such \
         as `openssl rand -base64 32` prints"
    )]
    Guessable,
}

impl AdminKey {
    /// Reads the key from the environment or from `file`, if there is one. `option` is the value of
    /// `--admin-api-key`.
    ///
    /// # Errors
    /// Says if the key was given as an option or twice, can't be read, or is easily guessed.
    pub fn read(option: Option<&str>, file: Option<&Path>) -> Result<Option<Self>, AdminKeyError> {
        if option.is_some() {
            return Err(AdminKeyError::OnCommandLine);
        }
        // A file with several keys is refused for its length, in words about keys.
        let text = secret_file::read(VARIABLE, file, 2 * MAX_CHARACTERS)?;
        text.map(|text| Self::new(text.expose_secret())).transpose()
    }

    /// Validates a key, ignoring white space around it.
    ///
    /// # Errors
    /// Says if the key can't be sent in a header, has a wrong length, or is easily guessed.
    pub fn new(text: &str) -> Result<Self, AdminKeyError> {
        let key = text.trim();
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AdminKeyError::NotAscii);
        }
        if !(MIN_CHARACTERS..=MAX_CHARACTERS).contains(&key.len()) {
            return Err(AdminKeyError::Length(key.len()));
        }
        if different(key.as_bytes()) < MIN_DIFFERENT || repeats(key.as_bytes()) {
            return Err(AdminKeyError::Guessable);
        }
        Ok(Self(key.to_owned().into()))
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn different(key: &[u8]) -> usize {
    let mut seen = key.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

/// Whether the key repeats a shorter piece.
fn repeats(key: &[u8]) -> bool {
    (1..=key.len() / 2).any(|period| {
        key.iter()
            .zip(key.iter().skip(period))
            .all(|(one, other)| one == other)
    })
}

#[cfg(test)]
mod tests {
    use super::{AdminKey, AdminKeyError, MAX_CHARACTERS};

    #[test]
    fn easily_guessed_keys_are_refused() {
        let refused = |key: &str, why: &str| {
            let error = AdminKey::new(key).unwrap_err().to_string();
            assert!(error.contains(why), "{key}: {error}");
            assert!(key.is_empty() || !error.contains(key), "{error}");
        };
        refused("", "has 0 characters");
        refused("0123456789abcdefghijklmnopqrstu", "has 31 characters");
        refused(&"aB3$".repeat(129), "has 516 characters");
        refused(&"a".repeat(64), "repeats itself");
        refused(&"abcdefghij".repeat(4), "repeats itself");
        refused(&format!("{}abcdef", "a".repeat(40)), "repeats itself");
        refused("correct horse battery staple, and so on", "no HTTP header");
        refused(
            &format!("é{}", "0123456789abcdef".repeat(2)),
            "no HTTP header",
        );
    }

    #[test]
    fn generated_keys_are_accepted() {
        // From `openssl rand -base64 32`, `openssl rand -hex 32` and `openssl rand -hex 16`.
        for key in [
            "kq2sLZUUfa9JCpWl8gXBG5pJGqqI2bZCRk4FJ5ufnCM=",
            "f0c7b6d3a9b51de22c6e6cb9bd5e5b6f3c8e16a0cb1f4fd1b6b4cf5fe1b1c1c9",
            "9f86d081884c7d659a2feaa0c55ad015",
        ] {
            assert_eq!(AdminKey::new(&format!("{key}\n")).unwrap().expose(), key);
        }
    }

    #[test]
    fn a_key_file_has_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let key = "kq2sLZUUfa9JCpWl8gXBG5pJGqqI2bZCRk4FJ5ufnCM=";
        std::fs::write(&file, format!("{key}\n")).unwrap();
        let read = AdminKey::read(None, Some(&file)).unwrap().unwrap();
        assert_eq!(read.expose(), key);
        std::fs::write(&file, "x".repeat(MAX_CHARACTERS + 1)).unwrap();
        let error = AdminKey::read(None, Some(&file)).unwrap_err();
        assert!(matches!(error, AdminKeyError::Length(_)), "{error}");
        let missing = AdminKey::read(None, Some(&folder.path().join("none")));
        assert!(matches!(missing, Err(AdminKeyError::Source(_))));
        let option = AdminKey::read(Some(key), None);
        assert!(matches!(option, Err(AdminKeyError::OnCommandLine)));
    }
}
