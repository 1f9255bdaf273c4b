//! The merchant and the credentials of a new connection: what is refused, and what would be right.
//!
//! No message repeats a credential, nor the name that it was given: the two may be swapped.

use std::collections::BTreeSet;

use crate::localization::Text;
use domain::id::AccountId;
use secrecy::{ExposeSecret, SecretString};

use super::super::{
    OperationError, Path,
    together::{Together, all},
};
use crate::payments::{Credential, Provider, Secrets};

/// The longest id of a merchant, in bytes.
const MAX_MERCHANT_BYTES: usize = 255;
/// The most credentials of one connection. Providers need two or three.
const MAX_CREDENTIALS: usize = 20;
/// The longest credential, in bytes.
const MAX_CREDENTIAL_BYTES: usize = 4_096;

/// The input of `connectPayments`.
#[derive(Debug)]
pub struct ConnectPayments {
    /// The account.
    pub account: AccountId,
    /// The shop or customer at the provider.
    pub merchant: String,
    /// The credentials for it.
    pub credentials: Vec<NewCredential>,
}

/// A credential as it was given.
#[derive(Debug)]
pub struct NewCredential {
    /// The provider's name for it.
    pub name: String,
    /// The credential itself.
    pub value: SecretString,
}

/// The id of a merchant as its provider writes it.
pub(super) fn merchant(text: &str, provider: &dyn Provider) -> Result<String, OperationError> {
    let path = Path::input("merchantId");
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_MERCHANT_BYTES || text.chars().any(char::is_control) {
        return Err(path
            .invalid(text!(
                "Must have 1 to {limit} bytes and no control characters.",
                limit = MAX_MERCHANT_BYTES
            ))
            .into());
    }
    provider
        .check_merchant(text)
        .map_err(|why| path.invalid(Text::written(&why)).into())
}

/// The credentials by name: every one that the provider needs, and no other.
pub(super) fn credentials(
    given: Vec<NewCredential>,
    provider: &dyn Provider,
) -> Result<Secrets, OperationError> {
    let path = Path::input("credentials");
    if given.len() > MAX_CREDENTIALS {
        let text = text!(
            "At most {limit} credentials are allowed; got {got}.",
            limit = MAX_CREDENTIALS,
            got = given.len(),
        );
        return Err(path.invalid(text).into());
    }
    let known = provider.credentials().unwrap_or_default();
    let mut secrets = Secrets::new();
    let mut seen = BTreeSet::new();
    let checked = all(given.into_iter().enumerate().map(|(index, one)| {
        let at = path.at(index);
        let name = match known.iter().find(|known| known.name == one.name) {
            None => Err(at.at("name").invalid(names(known))),
            Some(known) if !seen.insert(known.name) => Err(at.at("name").invalid(text!(
                "The credential {name} is given twice; give it once.",
                name = known.name,
            ))),
            Some(known) => Ok(known.name),
        };
        let value = if has_form(one.value.expose_secret()) {
            Ok(one.value)
        } else {
            Err(at.at("value").invalid(text!(
                "Must have 1 to {limit} bytes, no control characters, and no spaces at its ends.",
                limit = MAX_CREDENTIAL_BYTES,
            )))
        };
        (name, value).together()
    }));
    for (name, value) in checked? {
        secrets.insert(name.to_owned(), value);
    }
    let mut missing = known.iter().filter(|one| !one.is_optional);
    match missing.find(|one| !secrets.contains_key(one.name)) {
        Some(one) => {
            let text = text!(
                "The credential {name} is missing. {all}",
                name = one.name,
                all = names(known),
            );
            Err(path.invalid(text).into())
        }
        None => Ok(secrets),
    }
}

fn has_form(value: &str) -> bool {
    (1..=MAX_CREDENTIAL_BYTES).contains(&value.len())
        && !value.chars().any(char::is_control)
        && value.trim() == value
}

/// What a provider takes.
fn names(known: &[Credential]) -> Text {
    let named = |is_optional: bool| {
        let named = known.iter().filter(|one| one.is_optional == is_optional);
        named.map(|one| one.name).collect::<Vec<_>>().join(", ")
    };
    match (named(false), named(true)) {
        (needed, optional) if needed.is_empty() && optional.is_empty() => {
            text!("The payment provider takes no credentials; leave them out.")
        }
        (needed, optional) if optional.is_empty() => {
            text!(
                "The payment provider takes the credentials {needed}.",
                needed = needed
            )
        }
        (needed, optional) if needed.is_empty() => {
            text!(
                "The payment provider takes the optional credentials {optional}.",
                optional = optional,
            )
        }
        (needed, optional) => {
            text!(
                "The payment provider takes the credentials {needed}, and optionally {optional}.",
                needed = needed,
                optional = optional,
            )
        }
    }
}
