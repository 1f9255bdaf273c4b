//! Pages of other origins: which may read the API's answers in a browser.
//!
//! Here: what preflights answer. Not here: who may do what, which a key says: no cookie is ever looked at, so that a
//! page that is let in can do no more than its key.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::REQUEST_ID;

/// How long a browser may remember a preflight; Chromium remembers none longer.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);
/// What clients send: their key and content, and what Apollo, urql, Relay and tracing libraries add.
const ALLOWED_HEADERS: [HeaderName; 13] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::RANGE,
    REQUEST_ID,
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-apollo-operation-name"),
    HeaderName::from_static("apollographql-client-name"),
    HeaderName::from_static("apollographql-client-version"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
];
/// What a page may read of an answer beside its content.
const EXPOSED_HEADERS: [HeaderName; 3] =
    [REQUEST_ID, header::RETRY_AFTER, header::CONTENT_DISPOSITION];

/// Origins of pages that may call the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// None but the server's own.
    #[default]
    None,
    /// These.
    Only(Vec<HeaderValue>),
    /// Any.
    Any,
}

impl CorsOrigins {
    /// Reads origins such as `https://app.example`, or `*` alone.
    ///
    /// # Errors
    /// What is wrong, for whoever starts the server.
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

    /// What answers preflights and names the origin in answers; nothing if there are none.
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
            "{text:?} is no origin: write http or https, a host and perhaps a port, such as https://app.example, or * \
             alone"
        )
    };
    let url: url::Url = text.parse().map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.as_str().trim_end_matches('/') == origin
        && !text.contains(['?', '#', '@', '\\']);
    // An origin is ASCII, which a header takes.
    HeaderValue::from_str(&origin)
        .ok()
        .filter(|_| is_origin)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::CorsOrigins;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
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
