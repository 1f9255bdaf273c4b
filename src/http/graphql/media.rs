//! Content negotiation: which media type a response has.
//!
//! Here: the `Accept` header, by the GraphQL-over-HTTP specification. Not here: content types of
//! requests; the form of an event stream ([`crate::http::event_stream`]).

use axum::http::{HeaderMap, header};

/// A media type of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: for clients older than the specification; the status carries little
    /// information.
    Json,
    /// `application/graphql-response+json`: the status reports the outcome.
    GraphqlResponse,
    /// `text/event-stream`: results are events, and so are errors of the operation.
    EventStream,
}

/// What a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The media type of an answer; `None` if the client accepts none of them.
    pub best: Option<Media>,
    /// Whether it accepts an event stream, which a subscription needs.
    pub events: bool,
}

impl Media {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }
}

/// The media type that the client prefers; plain JSON if it states no preference or accepts
/// anything.
pub(crate) fn negotiate(headers: &HeaderMap) -> Accepted {
    let mut named = false;
    let mut events = false;
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
            events |= media == Media::EventStream && thousandths > 0;
            // The first one wins among equal preferences.
            if thousandths > best.map_or(0, |(best, _)| best) {
                best = Some((thousandths, media));
            }
        }
    }
    let best = if named {
        best.map(|(_, media)| media)
    } else {
        Some(Media::Json)
    };
    Accepted { best, events }
}

/// A media range and its quality in thousandths. `None` if it matches no media type of ours.
fn read_range(range: &str) -> Option<(Media, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Media::Json,
        "application/graphql-response+json" => Media::GraphqlResponse,
        "text/event-stream" => Media::EventStream,
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
        assert_eq!(negotiate(&headers).best, expected, "{accept:?}");
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
    fn an_event_stream_is_chosen_if_preferred_and_noted_if_accepted() {
        let check = |accept: &'static str, best: Media, events: bool| {
            let headers = [(header::ACCEPT, HeaderValue::from_static(accept))];
            let expected = Accepted {
                best: Some(best),
                events,
            };
            assert_eq!(negotiate(&headers.into_iter().collect()), expected);
        };
        check("text/event-stream", Media::EventStream, true);
        check("text/event-stream, */*;q=0.1", Media::EventStream, true);
        check(
            "application/graphql-response+json, text/event-stream",
            Media::GraphqlResponse,
            true,
        );
        check("*/*", Media::Json, false);
        check("text/event-stream;q=0, */*", Media::Json, false);
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
