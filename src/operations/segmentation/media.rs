//! The media of a message: what is kept of them, and the checks.
//!
//! Not here: what they cost, which is by their channel alone.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::operations::{OperationError, Path, Refusal};

/// The most media of one message.
pub const MAX_MEDIA: usize = 10;
/// The longest type or subtype of a medium (RFC 6838 §4.2).
const MAX_TYPE_NAME_BYTES: usize = 127;

/// An image, sound or video of a message. Messages keep them in this form, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// `type/subtype`.
    pub content_type: String,
    /// The address of the file.
    pub url: Option<String>,
    /// The size of the file in bytes.
    pub size_bytes: Option<i32>,
}

impl Media {
    /// Reads the media that a message keeps.
    ///
    /// # Errors
    /// The text isn't what [`super::Content::kept_media`] writes.
    pub fn read_all(text: &str) -> Result<Vec<Self>, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The media as a message keeps them; `None` without any.
pub(super) fn kept(media: &[Media]) -> Result<Option<String>, OperationError> {
    if media.is_empty() {
        return Ok(None);
    }
    let broken = |cause| OperationError::broken(format!("media have no JSON form: {cause}"));
    serde_json::to_string(media).map(Some).map_err(broken)
}

pub(super) fn check(media: &[Media]) -> Result<(), Refusal> {
    let path = Path::input("media");
    if media.len() > MAX_MEDIA {
        return Err(path.invalid(text!("Must be at most {limit}.", limit = MAX_MEDIA)));
    }
    for (index, one) in media.iter().enumerate() {
        let path = path.at(index);
        if !is_content_type(&one.content_type) {
            return Err(path
                .at("contentType")
                .invalid(text!("Must be a media type such as \"image/jpeg\".")));
        }
        // The API's type of addresses bounds their length.
        if one.url.as_deref().is_some_and(|url| !is_web_url(url)) {
            return Err(path
                .at("url")
                .invalid(text!("Must be an absolute http or https URL.")));
        }
        if one.size_bytes.is_some_and(|size| size < 0) {
            return Err(path.at("sizeBytes").invalid(text!("Must not be negative.")));
        }
    }
    Ok(())
}

/// A type and a subtype by RFC 6838 §4.2, without parameters.
fn is_content_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let first = name.bytes().next();
        let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        name.len() <= MAX_TYPE_NAME_BYTES
            && first.is_some_and(|byte| byte.is_ascii_alphanumeric())
            && name.bytes().all(rest)
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
