//! Secrets among the providers' settings.
//!
//! Here: what a provider's secret must look like. Not here: its sources ([`secret_file`]), and what
//! it is used for.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::SettingsError;
use crate::secret_file;

/// The longest secret: far longer than any provider's, and a file of another kind is detected.
const MAX_BYTES: usize = 1_024;

/// A secret from the environment variable, or from the file that was given for it; `None` if
/// neither is set.
///
/// # Errors
/// Both are set, the file can't be read, or the text is no secret: empty, longer than 1,024 bytes,
/// or with characters that aren't visible ASCII. No message repeats the text.
pub(super) fn read(
    variable: &str,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SettingsError> {
    let text = secret_file::read(variable, file, 2 * MAX_BYTES)
        .map_err(|cause| SettingsError::Wrong(cause.to_string()))?;
    text.map(|text| checked(text.expose_secret(), variable))
        .transpose()
}

fn checked(text: &str, variable: &str) -> Result<SecretString, SettingsError> {
    let text = text.trim();
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > MAX_BYTES || !is_visible {
        let file = secret_file::sources(variable);
        return Err(SettingsError::Wrong(format!(
            "{variable} or {file} must hold one secret: 1 to {MAX_BYTES} letters, digits and ASCII punctuation"
        )));
    }
    Ok(text.to_owned().into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{MAX_BYTES, read};

    /// A variable that nobody sets.
    const VARIABLE: &str = "MESSAGE_CREDITS_UNSET_SECRET";

    #[test]
    fn a_secret_is_one_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "shpss_0123456789abcdef\n").unwrap();
        let secret = read(VARIABLE, Some(&file)).unwrap().unwrap();
        assert_eq!(secret.expose_secret(), "shpss_0123456789abcdef");
        assert!(read(VARIABLE, None).unwrap().is_none());
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let two_lines = "first-secret\nsecond-secret".to_owned();
        for text in [
            String::new(),
            two_lines,
            "x".repeat(MAX_BYTES + 1),
            "x".repeat(5 * MAX_BYTES),
        ] {
            std::fs::write(&file, &text).unwrap();
            let error = read(VARIABLE, Some(&file)).unwrap_err().to_string();
            assert!(error.contains(VARIABLE), "{error}");
            assert!(text.is_empty() || !error.contains(&text), "{error}");
        }
        let missing = read(VARIABLE, Some(&folder.path().join("none")));
        let error = missing.unwrap_err().to_string();
        assert!(error.contains("can't be read"), "{error}");
    }
}
