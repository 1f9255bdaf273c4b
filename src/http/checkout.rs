//! The sandbox's approval page: `/checkout/{token}` shows a purchase, and accepts its owner's
//! decision.
//!
//! The address itself grants access, so it must not leak: no referrer, no cache, no script, nothing
//! loaded from elsewhere. Here: the page. Not here: what approving does, see
//! [`crate::operations::purchase`].

use std::sync::LazyLock;

use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{credits::Credits, id::PurchaseId};
use entity::{purchase, sql_enums::PurchaseStatus};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    graphql::engine::ids::PublicId,
    operations::{
        OperationError, RefusalCode, Services,
        purchase::{Checkout, Usable, canceling::is_canceled},
    },
};

/// A decision is one word.
const MAX_FORM_BYTES: usize = 1_024;

const STYLE: &str = include_str!("checkout.css");

/// Allows this page's own style and its form, and nothing else. Browsers apply `form-action` to the
/// redirect after a form as well, so the buyer's return origin is allowed, and no other.
fn content_security_policy(next: Option<&Url>) -> String {
    static STYLE_HASH: LazyLock<String> =
        LazyLock::new(|| BASE64_STANDARD.encode(Sha256::digest(STYLE)));
    let next = next.map_or_else(String::new, |url| {
        format!(" {}", url.origin().ascii_serialization())
    });
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{next}; base-uri 'none'; \
         frame-ancestors 'none'",
        *STYLE_HASH
    )
}

/// The approval page's routes.
pub fn routes() -> Router<Services> {
    Router::new()
        .route("/checkout/{token}", get(show).post(decide))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

#[derive(Debug, Deserialize)]
struct Answer {
    decision: Decision,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Approve,
    Decline,
}

async fn show(State(services): State<Services>, Path(token): Path<String>) -> Response {
    match services.checkout(&token).await {
        Ok(checkout) => page(
            StatusCode::OK,
            "Approve a purchase",
            &purchase_page(&checkout),
            checkout.return_url.as_ref(),
        ),
        Err(error) => failed(&error),
    }
}

async fn decide(
    State(services): State<Services>,
    Path(token): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Answer>, FormRejection>,
) -> Response {
    if !is_from_our_page(&headers, services.public_url()) {
        return message(
            StatusCode::FORBIDDEN,
            "This form came from another page",
            "Open the purchase's own page to approve or decline it. Nothing was changed.",
        );
    }
    let Ok(Form(form)) = form else {
        return message(
            StatusCode::BAD_REQUEST,
            "No decision was sent",
            "Send decision=approve or decision=decline as a form. Nothing was changed.",
        );
    };
    let approve = matches!(form.decision, Decision::Approve);
    match services.decide_purchase(&token, approve).await {
        // Back to the origin the buyer came from, or else to this page, which then shows the
        // decision. The redirect is relative to the page, so that it works with any public URL.
        // Reloading submits nothing again.
        Ok(decided) => {
            let next = decided.return_url.as_ref();
            let link = next.map_or(token, |url| return_link(url, &decided.purchase));
            bare((StatusCode::SEE_OTHER, [(header::LOCATION, link)]), next)
        }
        Err(error) => failed(&error),
    }
}

/// Whether the form came from one of our pages, according to the browser; other clients send no
/// such headers. Behind a proxy the page's origin is the public URL's.
fn is_from_our_page(headers: &HeaderMap, public_url: &Url) -> bool {
    let own = public_url.origin().ascii_serialization();
    let origin = headers.get(header::ORIGIN);
    let site = headers.get("sec-fetch-site");
    origin.is_none_or(|origin| origin.as_bytes() == own.as_bytes())
        && site.is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn purchase_page(checkout: &Checkout) -> Markup {
    let row = &checkout.purchase;
    let price = format!("{} {}", checkout.price, checkout.price.currency().code());
    let is_undecided = row.status == PurchaseStatus::Pending && checkout.may_be_decided;
    html! {
        @if is_undecided {
            p .free role="note" {
                strong { "Test payment." } " Nobody is charged, and the credits are real."
            }
            h1 { "Approve this purchase?" }
        } @else if row.status == PurchaseStatus::Pending {
            h1 { "This purchase can’t be decided" }
            p role="status" {
                "It was started with a payment provider that this server no longer uses. It will expire, and nobody is charged."
            }
        } @else {
            (outcome(row))
        }
        dl {
            div { dt { "Package" } dd { (checkout.package_name) } }
            div { dt { "Credits" } dd { (Credits::from_units(row.credits_units)) } }
            div { dt { "For" } dd { (checkout.account_name) } }
            @match checkout.usable {
                Some(Usable::Through(day)) => div {
                    dt { "Usable through" }
                    dd { (day.strftime("%-d %b %Y")) @if is_undecided { ", if approved today" } }
                },
                Some(Usable::ForGood) => div { dt { "Usable through" } dd { "never expires" } },
                None => {},
            }
            div .price { dt { "Price" } dd { (price) } }
        }
        @if is_undecided {
            form method="post" {
                button .primary type="submit" name="decision" value="approve" { "Approve " (price) }
                button type="submit" name="decision" value="decline" { "Decline" }
            }
            @if let Some(url) = &checkout.return_url {
                p .note { "Afterwards you continue to " (place(url)) "." }
            }
        } @else if let Some(url) = &checkout.return_url {
            p { a .back href=(return_link(url, row)) { "Continue to " (place(url)) } }
        }
    }
}

fn outcome(row: &purchase::Model) -> Markup {
    let (heading, text) = match row.status {
        // The caller shows the question in this case.
        PurchaseStatus::Pending | PurchaseStatus::Unknown => (
            "Waiting",
            "This purchase is neither approved nor declined yet.",
        ),
        PurchaseStatus::Paid => ("Paid", "The credits are in the account."),
        PurchaseStatus::Declined if is_canceled(row) => (
            "Canceled",
            "This purchase was canceled. Nothing was charged and no credits were added.",
        ),
        PurchaseStatus::Declined => ("Declined", "Nothing was charged and no credits were added."),
        PurchaseStatus::Expired => (
            "Expired",
            "It was not approved in time. Start a new purchase to buy these credits.",
        ),
        PurchaseStatus::Failed => (
            "Failed",
            "The payment failed. Nothing was charged and no credits were added.",
        ),
    };
    html! {
        h1 { (heading) }
        p role="status" { (text) }
    }
}

/// A host as shown to the buyer, with its port if it isn't the default. It is in ASCII: letters of
/// other scripts are spelled out in Punycode, so that no host can look like another.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The buyer's return address, with the purchase's id appended.
fn return_link(url: &Url, row: &purchase::Model) -> String {
    let mut url = url.clone();
    let id = PurchaseId::new(row.id).encode();
    url.query_pairs_mut().append_pair("purchase_id", &id);
    url.into()
}

fn failed(error: &OperationError) -> Response {
    match error {
        OperationError::Refused(refusals) => {
            let refusal = refusals.first();
            if refusal.is_some_and(|refusal| refusal.code == RefusalCode::NotFound) {
                return not_found();
            }
            let text = refusal.map_or_else(String::new, |refusal| refusal.message.english());
            message(StatusCode::CONFLICT, "The purchase can't be decided", &text)
        }
        OperationError::RateLimited | OperationError::Unavailable | OperationError::NotDone => {
            message(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is busy",
                "Nothing was changed. Go back and try again in a moment.",
            )
        }
        other @ (OperationError::Unauthenticated
        | OperationError::Forbidden(_)
        | OperationError::NeedsKey(_)
        | OperationError::Lost
        | OperationError::Unknown
        | OperationError::Fault(_)) => {
            tracing::error!(cause = ?other, "the approval page failed");
            message(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Open this page again to see whether the purchase was decided.",
            )
        }
    }
}

fn not_found() -> Response {
    message(
        StatusCode::NOT_FOUND,
        "There is no such purchase",
        "The address may be incomplete. Open the link again from the page that gave it to you.",
    )
}

fn message(status: StatusCode, heading: &str, text: &str) -> Response {
    let body = html! {
        h1 { (heading) }
        p { (text) }
    };
    page(status, heading, &body, None)
}

fn page(status: StatusCode, title: &str, body: &Markup, next: Option<&Url>) -> Response {
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · message-credits" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    bare((status, Html(whole.into_string())), next)
}

/// A response that is never cached or framed, and whose address never leaks as a referrer.
fn bare(answer: impl IntoResponse, next: Option<&Url>) -> Response {
    let policy = content_security_policy(next);
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::CACHE_CONTROL, "no-store"),
        // Not `no-referrer`: browsers would send the form without its origin.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (headers, answer).into_response()
}
