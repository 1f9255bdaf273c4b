//! The pages for people: the account managers' page and GraphiQL, from the bundle inside the program, so
//! that no request leaves the machine.
//!
//! Here: the bundle, what the server writes into a page, and what a page may do. Not here: what a page shows, which is
//! in web/.

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

/// The built page. It is empty where the page was not built.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Bundle;

/// Only what comes from this server is run or shown. Scripts write styles into elements of their own, which carry the
/// nonce of this one answer.
const POLICY: &str = "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
    font-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// GraphiQL's editor writes its lines as HTML with style attributes, and can't do without. They reach nothing but the
/// place of what they are on; elements with styles need the nonce here, too.
const EDITOR_POLICY: &str = "; style-src-attr 'unsafe-inline'; worker-src 'self' blob:";
/// Where a page has a nonce.
const NONCE: &str = "{nonce}";
/// The build writes this where a page's own elements carry the nonce.
const NONCE_SLOT: &str = "MESSAGE_CREDITS_NONCE";

/// The account managers' page.
pub(super) async fn managers(State(server): State<Server>) -> Response {
    page(&server, "index.html", POLICY)
}

/// GraphiQL.
pub(super) async fn graphiql(State(server): State<Server>) -> Response {
    page(
        &server,
        "graphiql.html",
        &format!("{POLICY}{EDITOR_POLICY}"),
    )
}

/// A script, a style or a font of the pages. Their names change with their content, so they are kept for
/// good.
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
        // The nonce is for one answer.
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

/// What the page is told: the demo's key, who takes payments, and whether there is GraphiQL.
fn with_facts(html: String, server: &Server) -> String {
    let shared = &server.0;
    let sandbox = shared.services.sells_for_nothing();
    let facts = [
        // Keys are base64url: nothing in them ends an attribute.
        ("demo-key", shared.demo_key.as_deref().unwrap_or_default()),
        ("payments", if sandbox { "sandbox" } else { "" }),
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
