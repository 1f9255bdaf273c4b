//! Secrets among the providers' settings: each comes from the environment or from a file.
//!
//! Here: the two sources. Not here: what a secret is used for. A secret is never an option, because
//! every user of the machine can read command lines.

use std::{
    env::{self, VarError},
    fs::File,
    io::{self, Read},
    path::Path,
};

use secrecy::SecretString;

use super::SettingsError;

/// The longest secret: far longer than any provider's, and a file of another kind is detected.
const MAX_BYTES: usize = 1_024;

/// A secret from the environment variable, or from the file that `option` names; `None` if neither
/// is set.
///
/// # Errors
/// Both are set, the file can't be read, or the text is no secret: empty, longer than 1,024 bytes,
/// or with characters that aren't visible ASCII. No message repeats the text.
pub(super) fn read(
    variable: &str,
    option: &str,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SettingsError> {
    let text = match env::var(variable) {
        Ok(text) => Some(text),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err(not_a_secret(variable)),
    };
    match (text, file) {
        (Some(_), Some(_)) => Err(SettingsError::Wrong(format!(
            "{variable} and {option} are both set; set one of them"
        ))),
        (Some(text), None) => checked(&text, variable).map(Some),
        (None, Some(file)) => {
            let text = text_of(file).map_err(|cause| {
                let file = file.display();
                SettingsError::Wrong(format!(
                    "the file {file} of {option} can't be read: {cause}"
                ))
            })?;
            checked(&text, option).map(Some)
        }
        (None, None) => Ok(None),
    }
}

fn checked(text: &str, source: &str) -> Result<SecretString, SettingsError> {
    let text = text.trim();
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > MAX_BYTES || !is_visible {
        return Err(not_a_secret(source));
    }
    Ok(text.to_owned().into())
}

fn not_a_secret(source: &str) -> SettingsError {
    SettingsError::Wrong(format!(
        "{source} must hold one secret: 1 to {MAX_BYTES} letters, digits and ASCII punctuation"
    ))
}

fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    // A device or a large file is not read to its end: what is over the limit is refused anyway.
    File::open(file)?
        .take(2 * MAX_BYTES as u64)
        .read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{MAX_BYTES, read};

    const OPTION: &str = "--provider-secret-file";
    /// A variable that nobody sets.
    const VARIABLE: &str = "MESSAGE_CREDITS_UNSET_SECRET";

    #[test]
    fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "shpss_0123456789abcdef\n").unwrap();
        let secret = read(VARIABLE, OPTION, Some(&file)).unwrap().unwrap();
        assert_eq!(secret.expose_secret(), "shpss_0123456789abcdef");
        assert!(read(VARIABLE, OPTION, None).unwrap().is_none());
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let two_lines = "first-secret\nsecond-secret".to_owned();
        for text in [String::new(), two_lines, "x".repeat(5 * MAX_BYTES)] {
            std::fs::write(&file, &text).unwrap();
            let error = read(VARIABLE, OPTION, Some(&file)).unwrap_err().to_string();
            assert!(
                error.contains(OPTION) && error.contains("1 to 1024"),
                "{error}"
            );
            assert!(text.is_empty() || !error.contains(&text), "{error}");
        }
        let missing = read(VARIABLE, OPTION, Some(&folder.path().join("none")));
        let error = missing.unwrap_err().to_string();
        assert!(error.contains("can't be read"), "{error}");
    }
}
