//! Where payment providers tell what became of a payment. The sandbox tells nothing: its approve page acts
//! by itself.

use axum::{extract::Path, http::StatusCode, response::IntoResponse};

/// Nobody's yet: every provider that may knock is one that this server does not work with.
pub(super) async fn unknown(Path(_provider): Path<String>) -> impl IntoResponse {
    (
        StatusCode::NOT_FOUND,
        "No payment provider of this name sends webhooks here.\n",
    )
}
