//! Webhooks of payment providers. The sandbox sends none: its approval page decides directly.

use axum::{extract::Path, http::StatusCode, response::IntoResponse};

/// Answers every provider with 404: no supported provider sends webhooks.
pub(super) async fn unknown(Path(_provider): Path<String>) -> impl IntoResponse {
    (
        StatusCode::NOT_FOUND,
        "No payment provider of this name sends webhooks here.\n",
    )
}
