//! The web pages: the account managers' page and GraphiQL, from a bundle embedded in the program,
//! so that pages load nothing from the network.
//!
//! Here: the bundle, the values that the server writes into a page, and the content security
//! policies. Not here: the pages' contents, which are in web/.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Server;
use crate::entropy;

/// The built pages. Empty if they were not built.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Bundle;

/// Scripts, styles and images load from this server only. Scripts create style elements, which
/// carry the nonce of this response.
const POLICY: &str = "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
    font-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// GraphiQL's editor renders its lines as HTML with style attributes and needs them allowed. Such
/// attributes only style their own element; style elements need the nonce here, too.
const EDITOR_POLICY: &str = "; style-src-attr 'unsafe-inline'; worker-src 'self' blob:";
/// Placeholder of the nonce in a policy.
const NONCE: &str = "{nonce}";
/// Placeholder of the nonce in a built page's own elements.
const NONCE_SLOT: &str = "MESSAGE_CREDITS_NONCE";

/// The account managers' page.
pub(super) async fn managers(State(server): State<Server>) -> Response {
    page(&server, "index.html", POLICY)
}

/// The GraphiQL page.
pub(super) async fn graphiql(State(server): State<Server>) -> Response {
    page(
        &server,
        "graphiql.html",
        &format!("{POLICY}{EDITOR_POLICY}"),
    )
}

/// A script, style or font of the pages. Their names change with their content, so they may be
/// cached for good.
pub(super) async fn asset(Path(path): Path<String>) -> Response {
    match Bundle::get(&format!("assets/{path}")) {
        Some(file) => served(file, "public, max-age=31536000, immutable"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(server: &Server, name: &str, policy: &str) -> Response {
    let nonce = BASE64_STANDARD.encode(entropy::bytes::<16>());
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            policy.replace(NONCE, &nonce),
        ),
        // The nonce is valid for one response.
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let Some(file) = Bundle::get(name) else {
        let text = "<!doctype html><html lang=\"en\"><title>message-credits</title>\
            <p>The page is not part of this build: it needs npm. The API is at <code>/graphql</code>.</p>";
        return (StatusCode::NOT_FOUND, headers, Html(text)).into_response();
    };
    let html = String::from_utf8_lossy(&file.data).replace(NONCE_SLOT, &nonce);
    (headers, Html(with_facts(html, server))).into_response()
}

/// Fills in the page's meta tags: the demo's key, the payment provider, and whether GraphiQL is on.
fn with_facts(html: String, server: &Server) -> String {
    let shared = &server.0;
    let free = shared.services.free_provider();
    let facts = [
        // Keys are base64url, which can't end an attribute.
        ("demo-key", shared.demo_key.as_deref().unwrap_or_default()),
        ("payments", free.unwrap_or_default()),
        ("graphiql", if shared.shown.graphiql { "on" } else { "" }),
    ];
    facts.into_iter().fold(html, |html, (name, value)| {
        let slot = format!(r#"<meta name="message-credits-{name}" content=""#);
        html.replace(&format!("{slot}\""), &format!("{slot}{value}\""))
    })
}

fn served(file: EmbeddedFile, cache: &'static str) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (headers, Body::from(file.data)).into_response()
}
