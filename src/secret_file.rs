//! Secrets from the environment or from files: one way for all of them.
//!
//! A secret NAME is in the environment variable NAME, or in the file that `--name-file` or the
//! variable `NAME_FILE` names. It is never an option itself, because every user of a machine can
//! read command lines; a database's URL, which need not hold a password, is the exception.
//!
//! Here: the two sources. Not here: what a secret must look like, which its owner checks.

use std::{
    env::{self, VarError},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

/// The end of the variable that names the file of a secret.
const FILE: &str = "_FILE";

/// Why a secret can't be read. No message repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Both sources are set.
    #[error("{variable} and {} are both set; set one of them", sources(variable))]
    Twice {
        /// The variable of the secret itself.
        variable: String,
    },
    /// The file can't be read.
    #[error("the file {} of {} can't be read: {cause}", path.display(), sources(variable))]
    Unreadable {
        /// The variable of the secret itself.
        variable: String,
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The secret isn't text.
    #[error("{variable} or {} must give UTF-8 text", sources(variable))]
    NotText {
        /// The variable of the secret itself.
        variable: String,
    },
    /// The file is too large to hold this secret.
    #[error("the file {} of {} has more than {most} bytes", path.display(), sources(variable))]
    TooLong {
        /// The variable of the secret itself.
        variable: String,
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        most: usize,
    },
}

/// The secret of a variable, or of the file given for it, which has at most `most` bytes; `None` if
/// neither is set. A newline at the end is not part of a secret.
///
/// # Errors
/// Both are set, or the text can't be read.
pub fn read(
    variable: &str,
    file: Option<&Path>,
    most: usize,
) -> Result<Option<SecretString>, SecretFileError> {
    let text = match env::var(variable) {
        Ok(text) => Some(text),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => {
            return Err(SecretFileError::NotText {
                variable: variable.to_owned(),
            });
        }
    };
    match (text, file) {
        (Some(_), Some(_)) => Err(SecretFileError::Twice {
            variable: variable.to_owned(),
        }),
        (Some(text), None) => Ok(Some(without_newline(&text).into())),
        (None, Some(path)) => text_of(variable, path, most).map(Some),
        (None, None) => Ok(None),
    }
}

/// The text of the file that was given for a variable, without the newline at its end.
///
/// # Errors
/// The file can't be read, has more than `most` bytes, or isn't text.
pub fn text_of(variable: &str, path: &Path, most: usize) -> Result<SecretString, SecretFileError> {
    let mut bytes = Vec::new();
    // A device or a large file isn't read to its end.
    File::open(path)
        .and_then(|file| {
            file.take((most as u64).saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .map_err(|cause| SecretFileError::Unreadable {
            variable: variable.to_owned(),
            path: path.to_owned(),
            cause,
        })?;
    if bytes.len() > most {
        return Err(SecretFileError::TooLong {
            variable: variable.to_owned(),
            path: path.to_owned(),
            most,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| SecretFileError::NotText {
        variable: variable.to_owned(),
    })?;
    Ok(without_newline(&text).into())
}

/// The variable of the secret whose file another variable names, such as `ADMIN_API_KEY` for
/// `ADMIN_API_KEY_FILE`.
#[must_use]
pub fn secret_of(variable: &str) -> Option<&str> {
    variable.strip_suffix(FILE)
}

/// The option and the variable that name the file of a secret, as messages name them.
#[must_use]
pub fn sources(variable: &str) -> String {
    let option = variable.to_ascii_lowercase().replace('_', "-");
    format!("--{option}-file ({variable}{FILE})")
}

fn without_newline(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{SecretFileError, read, text_of};

    /// A variable that nobody sets.
    const VARIABLE: &str = "MESSAGE_CREDITS_UNSET_SECRET";

    #[test]
    fn the_newline_at_the_end_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (written, expected) in [("one\n", "one"), ("one\r\n", "one"), (" a\nb", " a\nb")] {
            std::fs::write(&file, written).unwrap();
            let secret = read(VARIABLE, Some(&file), 10).unwrap().unwrap();
            assert_eq!(secret.expose_secret(), expected);
        }
        assert!(read(VARIABLE, None, 10).unwrap().is_none());
    }

    #[test]
    fn an_unusable_file_is_refused_without_repeating_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "0123456789a").unwrap();
        let long = text_of(VARIABLE, &file, 10).unwrap_err();
        assert!(matches!(long, SecretFileError::TooLong { .. }), "{long}");
        assert!(!long.to_string().contains("0123456789a"), "{long}");
        let named = "--message-credits-unset-secret-file (MESSAGE_CREDITS_UNSET_SECRET_FILE)";
        assert!(long.to_string().contains(named), "{long}");
        std::fs::write(&file, [0xff]).unwrap();
        let binary = text_of(VARIABLE, &file, 10).unwrap_err();
        assert!(
            matches!(binary, SecretFileError::NotText { .. }),
            "{binary}"
        );
        let none = text_of(VARIABLE, &folder.path().join("none"), 10).unwrap_err();
        assert!(none.to_string().contains("can't be read"), "{none}");
    }
}
