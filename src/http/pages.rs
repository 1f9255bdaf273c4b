//! The pages for people: the account managers' page and GraphiQL, from the bundle inside the program, so
//! that no request leaves the machine.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Server;

/// The built page. It is empty where the page was not built.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Bundle;

/// Only what comes from this server is run or shown. Styles are written by scripts, and the editor's
/// workers come as blobs.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'self'";
/// Where the built page expects the demo's key.
const DEMO_KEY_SLOT: &str = r#"<meta name="message-credits-demo-key" content="""#;

/// The account managers' page.
pub(super) async fn managers(State(server): State<Server>) -> Response {
    page(&server, "index.html")
}

/// GraphiQL.
pub(super) async fn graphiql(State(server): State<Server>) -> Response {
    page(&server, "graphiql.html")
}

/// A script, a style or a font of the pages. Their names change with their content, so they are kept for
/// good.
pub(super) async fn asset(Path(path): Path<String>) -> Response {
    match Bundle::get(&format!("assets/{path}")) {
        Some(file) => served(file, "public, max-age=31536000, immutable"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(server: &Server, name: &str) -> Response {
    let Some(file) = Bundle::get(name) else {
        let text = "<!doctype html><html lang=\"en\"><title>message-credits</title>\
            <p>The page is not part of this build: it needs npm. The API is at <code>/graphql</code>.</p>";
        return (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_SECURITY_POLICY, POLICY)],
            Html(text),
        )
            .into_response();
    };
    let html = String::from_utf8_lossy(&file.data);
    let key = server.0.demo_key.as_deref().unwrap_or_default();
    // Keys are base64url: nothing in them ends an attribute.
    let filled = DEMO_KEY_SLOT.replace("\"\"", &format!("\"{key}\""));
    let html = html.replace(DEMO_KEY_SLOT, &filled);
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, Html(html)).into_response()
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
