//! The command that prints docs/errors.md.
//!
//! Here: the page around the codes. Not here: the codes and their texts
//! ([`crate::graphql::error_codes`]).

use std::process::ExitCode;

use super::{Failure, print};
use crate::graphql::error_codes::{self, ErrorCode};

const INTRODUCTION: &str = "\
# Errors

Every code that the API answers, with its cause and what to do. Branch on codes, and show messages:
codes never change, and messages may. `message-credits errors` prints this page.

";

const USER_ERRORS: &str = "
## `userErrors`

Why a mutation was refused: reasons that the caller can correct. They are rows in the mutation's
answer, each with a `code`, a `message`, and as `field` the path to the argument. Nothing was
changed.

";

const EXTENSIONS: &str = "\
## `extensions.code`

Errors of a field or of the whole request, in `errors` of the answer. [The API](api.md) lists the
HTTP statuses that come with them.

";

/// Prints every error code as a Markdown page.
pub(super) fn errors() -> Result<ExitCode, Failure> {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(EXTENSIONS);
    page.push_str(&table(&error_codes::of_extensions()));
    page.push_str(USER_ERRORS);
    page.push_str(&table(&error_codes::of_user_errors()?));
    print(&page)?;
    Ok(ExitCode::SUCCESS)
}

fn table(codes: &[ErrorCode]) -> String {
    let mut text = "| code | cause | what to do |\n| --- | --- | --- |\n".to_owned();
    for ErrorCode {
        name,
        cause,
        remedy,
    } in codes
    {
        text.push_str(&format!("| `{name}` | {cause} | {remedy} |\n"));
    }
    text
}
