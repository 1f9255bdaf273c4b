//! The checks of a message that need neither its account nor a stored message, so that everything
//! that is wrong is reported at once, even if these aren't known.
//!
//! Not here: what depends on the account, such as whether it has a list, and the price
//! ([`crate::operations::pricing`]).

use domain::{credits::Credits, id::ListId};
use jiff::Timestamp;

use super::send_at_after;
use crate::operations::{
    OperationError, Path,
    audience::{self, Audience},
    input,
    phone_number::Accept,
    pricing::Draft,
    segmentation::{Content, NewContent},
    together::Together,
};

/// What a message has beside its content and its recipients.
pub(super) type Frame = (Option<String>, Option<Timestamp>, Option<Credits>);

/// A message's name, its sendAt and the most that it may cost.
///
/// # Errors
/// Each that can't be used, at its field.
pub(super) fn frame(
    name: Option<&str>,
    send_at: Option<&str>,
    max_credits: Option<&str>,
    now: Timestamp,
) -> Result<Frame, OperationError> {
    let name = name.map(|name| input::name(name, &Path::input("name")));
    let send_at = send_at.map(|text| send_at_after(text, now));
    let path = Path::input("maxCredits");
    let max_credits = max_credits.map(|text| input::credits(text, &path));
    let checks = (
        name.transpose(),
        send_at.transpose(),
        max_credits.transpose(),
    );
    checks.together()
}

/// Checks the content and the recipients of a message of an account that isn't known.
///
/// # Errors
/// What can't be used, at its field.
pub(in crate::operations) async fn check_draft(draft: Draft) -> Result<(), OperationError> {
    let path = Path::input("listId");
    let has_recipients = match (&draft.list, &draft.audience) {
        (None, None) => Err(path.invalid(text!("Say which list, or give an audience."))),
        _ => Ok(()),
    };
    let reach = check_reach(draft.list, draft.audience, draft.accept).await;
    let content = Content::with_merge_fields(draft.content);
    let _: (_, (), ()) = (content, has_recipients, reach).together()?;
    Ok(())
}

/// Checks the new content of a message that isn't known.
///
/// # Errors
/// What can't be used, at its field.
pub(super) fn check_content(content: NewContent) -> Result<(), OperationError> {
    Content::with_merge_fields(content).map(drop)
}

/// Checks the recipients of a message that isn't known, or whose account isn't.
///
/// # Errors
/// What can't be used, at its field.
pub(super) async fn check_reach(
    list: Option<ListId>,
    audience: Option<Audience>,
    accept: Accept,
) -> Result<(), OperationError> {
    let path = Path::input("audience");
    let unreadable = |list: ListId, path: &Path| match input::names_nothing(list) {
        true => Err(path.not_found(text!("list"))),
        false => Ok(()),
    };
    let list = match list {
        Some(list) => unreadable(list, &Path::input("listId")),
        None => Ok(()),
    };
    let audience = match audience {
        None => Ok(()),
        Some(Audience::List(list)) => {
            unreadable(list, &path.at("listId")).map_err(OperationError::from)
        }
        Some(Audience::Numbers(numbers)) => {
            let path = path.at("recipients");
            audience::numbers(numbers, accept, &path).await.map(drop)
        }
        Some(Audience::Destinations(rows)) => {
            audience::destinations(&rows, &path.at("destinations")).map(drop)
        }
    };
    (list, audience).together().map(drop)
}
