//! Content negotiation: which of the two media types a response has.
//!
//! Here: the `Accept` header, by the GraphQL-over-HTTP specification. Not here: content types of
//! requests.

use axum::http::{HeaderMap, header};

/// A media type of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: for clients older than the specification; the status carries little
    /// information.
    Json,
    /// `application/graphql-response+json`: the status reports the outcome.
    GraphqlResponse,
}

impl Media {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// The media type that the client prefers; plain JSON if it states no preference or accepts
/// anything. `None` if it accepts neither.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<Media> {
    let mut named = false;
    let mut best: Option<(u16, Media)> = None;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let range = range.trim();
            if range.is_empty() {
                continue;
            }
            named = true;
            let Some((media, thousandths)) = read_range(range) else {
                continue;
            };
            // The first one wins among equal preferences.
            if thousandths > best.map_or(0, |(best, _)| best) {
                best = Some((thousandths, media));
            }
        }
    }
    if named {
        best.map(|(_, media)| media)
    } else {
        Some(Media::Json)
    }
}

/// A media range and its quality in thousandths. `None` if it matches neither media type.
fn read_range(range: &str) -> Option<(Media, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Media::Json,
        "application/graphql-response+json" => Media::GraphqlResponse,
        _ => return None,
    };
    let mut thousandths = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("q") {
            thousandths = read_quality(value)?;
        } else if name.trim().eq_ignore_ascii_case("charset")
            && !value.eq_ignore_ascii_case("utf-8")
        {
            return None;
        }
    }
    Some((media, thousandths))
}

/// `0.25` as 250; RFC 9110 allows at most three digits, from 0 to 1.
fn read_quality(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(accept: &[&'static str], expected: Option<Media>) {
        let headers = accept
            .iter()
            .map(|value| (header::ACCEPT, HeaderValue::from_static(value)))
            .collect();
        assert_eq!(negotiate(&headers), expected, "{accept:?}");
    }

    #[test]
    fn the_type_with_the_highest_quality_wins() {
        let (json, response) = (Some(Media::Json), Some(Media::GraphqlResponse));
        check(&[], json);
        check(&[""], json);
        check(&["*/*"], json);
        check(&["application/*"], json);
        check(&["application/json"], json);
        check(&["Application/GraphQL-Response+JSON"], response);
        check(
            &["application/graphql-response+json, application/json;q=0.9"],
            response,
        );
        check(
            &["application/json;q=0.9, application/graphql-response+json"],
            response,
        );
        check(
            &["application/json, application/graphql-response+json"],
            json,
        );
        check(
            &["application/json;q=0.25,application/graphql-response+json;q=0.3"],
            response,
        );
        check(
            &[
                "application/json;q=0.9",
                "application/graphql-response+json",
            ],
            response,
        );
        check(
            &["application/json;q=0, application/graphql-response+json;q=0.001"],
            response,
        );
        check(&["text/html, */*;q=0.1"], json);
        check(&["application/json; charset=utf-8"], json);
        check(
            &["multipart/mixed, application/graphql-response+json, application/json"],
            response,
        );
    }

    #[test]
    fn other_types_are_not_acceptable() {
        check(&["text/html"], None);
        check(&["application/json;q=0"], None);
        check(&["application/json;q=2"], None);
        check(&["application/json;q=x"], None);
        check(&["application/json; charset=utf-16"], None);
    }
}
