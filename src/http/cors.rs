//! CORS: pages of which other origins may read the API's responses in a browser.
//!
//! Here: responses to preflights. Not here: authorization, which depends on the key alone: cookies
//! are never read, so a page of an allowed origin can do no more than its key.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{REQUEST_ID, on_behalf_of::ON_BEHALF_OF};

/// How long a browser may cache a preflight; Chromium caps it at two hours.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);
/// Headers that clients send: their key and content type, whom they act for, and those that Apollo,
/// urql, Relay and tracing libraries add.
const ALLOWED_HEADERS: [HeaderName; 14] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::RANGE,
    REQUEST_ID,
    ON_BEHALF_OF,
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-apollo-operation-name"),
    HeaderName::from_static("apollographql-client-name"),
    HeaderName::from_static("apollographql-client-version"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
];
/// Response headers that a page may read.
const EXPOSED_HEADERS: [HeaderName; 3] =
    [REQUEST_ID, header::RETRY_AFTER, header::CONTENT_DISPOSITION];

/// Origins whose pages may call the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// No origin but the server's own.
    #[default]
    None,
    /// The listed origins.
    Only(Vec<HeaderValue>),
    /// Any origin.
    Any,
}

impl CorsOrigins {
    /// Parses origins such as `https://app.example`, or a single `*`.
    ///
    /// # Errors
    /// A message for the operator that says which value is no origin.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let texts = texts.iter().map(|text| text.trim());
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        match texts[..] {
            [] => return Ok(Self::None),
            ["*"] => return Ok(Self::Any),
            _ => {}
        }
        let origins = texts.into_iter().map(origin);
        Ok(Self::Only(origins.collect::<Result<_, _>>()?))
    }

    /// The CORS layer; `None` if no origin is allowed.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        let allowed = match self {
            Self::None => return None,
            Self::Only(origins) => AllowOrigin::list(origins.iter().cloned()),
            Self::Any => AllowOrigin::any(),
        };
        let layer = CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::HEAD, Method::POST])
            .allow_headers(ALLOWED_HEADERS)
            .expose_headers(EXPOSED_HEADERS)
            .max_age(MAX_AGE);
        Some(layer)
    }
}

fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || {
        format!(
            "{text:?} is not an origin: write http or https, a host and optionally a port, such as https://app.example, or * \
             alone"
        )
    };
    let url: url::Url = text.parse().map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.as_str().trim_end_matches('/') == origin
        && !text.contains(['?', '#', '@', '\\']);
    // An origin is ASCII, so it is a valid header value.
    HeaderValue::from_str(&origin)
        .ok()
        .filter(|_| is_origin)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::CorsOrigins;

    #[test]
    fn origins_are_normalized_as_browsers_write_them() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            CorsOrigins::read(&texts)
        };
        let only = |origins: &[&'static str]| {
            let origins = origins.iter().map(|origin| origin.parse().unwrap());
            Ok(CorsOrigins::Only(origins.collect()))
        };
        assert_eq!(read(&[]), Ok(CorsOrigins::None));
        assert_eq!(read(&["*"]), Ok(CorsOrigins::Any));
        let read_two = read(&["https://App.example:443/", "http://localhost:3000"]);
        assert_eq!(
            read_two,
            only(&["https://app.example", "http://localhost:3000"])
        );
        assert_eq!(read(&["", " "]), Ok(CorsOrigins::None));
        for wrong in [
            "app.example",
            "https://app.example/page",
            "https://a@app.example",
            "https://app.example?x",
            "null",
            "https://*.app.example/x",
            "ftp://app.example",
            "file:///",
        ] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
        assert!(read(&["*", "https://app.example"]).is_err());
    }
}
