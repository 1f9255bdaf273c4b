//! The display name of a file in a form.
//!
//! Here: the encodings in which clients send it. Not here: which part is a file, which the form's
//! map decides.

use axum::http::{HeaderMap, header};
use encoding_rs::{Encoding, WINDOWS_1252};
use percent_encoding::percent_decode;

/// The longest file name that is kept; file systems allow no more.
const MAX_CHARS: usize = 255;
/// The name of a file whose name is missing or empty.
const UNNAMED: &str = "upload";

/// A file's name: `plain` if there is one, or else a name in another encoding from its headers.
pub(super) fn file_name(plain: Option<&str>, headers: &HeaderMap) -> String {
    let plain = plain.filter(|name| !name.trim().is_empty());
    let name = match plain {
        Some(name) => name.to_owned(),
        None => headers
            .get(header::CONTENT_DISPOSITION)
            .and_then(|value| extended(value.as_bytes()).or_else(|| western(value.as_bytes())))
            .unwrap_or_else(|| UNNAMED.to_owned()),
    };
    name.chars().take(MAX_CHARS).collect()
}

/// `filename*=utf-8''citt%C3%A0.csv` (RFC 8187). RFC 7578 forbids it in forms, but some clients
/// send nothing else.
fn extended(header: &[u8]) -> Option<String> {
    let value = parameter(header, b"filename*=")?;
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, name) = (parts.next()?, parts.next()?, parts.next()?);
    let encoding = Encoding::for_label(charset)?;
    let name: Vec<u8> = percent_decode(name).collect();
    decoded(encoding, &name)
}

/// A quoted name that isn't UTF-8: Western programs used to send Windows-1252.
fn western(header: &[u8]) -> Option<String> {
    let value = parameter(header, b"filename=")?;
    decoded(WINDOWS_1252, value)
}

fn decoded(encoding: &'static Encoding, name: &[u8]) -> Option<String> {
    let (name, _, _) = encoding.decode(name);
    (!name.trim().is_empty()).then(|| name.into_owned())
}

/// The value of a parameter, up to its closing quotation mark or the next parameter.
fn parameter<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = header
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))?;
    let value = header.get(start + name.len()..)?;
    let end = |stop: u8, value: &'a [u8]| value.split(|byte| *byte == stop).next();
    match value.strip_prefix(b"\"") {
        Some(quoted) => end(b'"', quoted),
        None => end(b';', value).map(<[u8]>::trim_ascii),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn every_encoding_of_a_name_is_decoded() {
        let check = |plain: Option<&str>, header: &[u8], name: &str| {
            let mut headers = HeaderMap::new();
            let value = [b"form-data; name=\"0\"".as_slice(), header].concat();
            headers.insert(
                "content-disposition",
                HeaderValue::from_bytes(&value).unwrap(),
            );
            assert_eq!(file_name(plain, &headers), name);
        };
        check(Some("a.csv"), b"; filename=\"a.csv\"", "a.csv");
        check(
            Some("a.csv"),
            b"; filename=\"a.csv\"; filename*=utf-8''b.csv",
            "a.csv",
        );
        check(None, b"; filename*=utf-8''citt%C3%A0.csv", "città.csv");
        check(
            None,
            b"; filename*=UTF-8'it'citt%C3%A0.csv; x=y",
            "città.csv",
        );
        check(None, b"; filename*=iso-8859-1''citt%E0.csv", "città.csv");
        check(None, b"; filename=\"citt\xE0.csv\"", "città.csv");
        check(Some(""), b"; filename=\"\"", "upload");
        check(Some("  "), b"; filename=\"  \"", "upload");
        check(None, b"", "upload");
        check(None, b"; filename*=unknown''a", "upload");
        check(None, b"; filename*=utf-8''", "upload");
        check(None, b"; filename*=broken", "upload");
        check(Some(&"x".repeat(300)), b"", &"x".repeat(255));
        assert_eq!(file_name(None, &HeaderMap::new()), "upload");
    }
}
