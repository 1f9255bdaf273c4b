//! Who is asking: the key in a request's `Authorization` header.

use axum::http::{HeaderMap, header};

use crate::operations::{OperationError, Services, Viewer};

/// The longest credential that is looked at: a JWT of an OpenID provider is well below.
const MAX_CREDENTIAL_BYTES: usize = 8_192;

/// Who a request is from.
pub(super) enum Asking {
    /// Nobody in particular.
    Nobody,
    /// Somebody with a key that works.
    Somebody(Viewer),
    /// Somebody whose key does not work.
    Stranger,
}

/// Who a request is from, by its headers.
pub(super) async fn asking(
    services: &Services,
    headers: &HeaderMap,
) -> Result<Asking, OperationError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(Asking::Nobody);
    };
    match value.to_str() {
        Ok(text) => of_credential(services, text).await,
        Err(_) => Ok(Asking::Stranger),
    }
}

/// Who a credential such as `Bearer mc_…` is of.
pub(super) async fn of_credential(
    services: &Services,
    text: &str,
) -> Result<Asking, OperationError> {
    let secret = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .filter(|secret| !secret.is_empty() && secret.len() <= MAX_CREDENTIAL_BYTES);
    let Some(secret) = secret else {
        return Ok(Asking::Stranger);
    };
    Ok(services
        .authenticate(secret)
        .await?
        .map_or(Asking::Stranger, Asking::Somebody))
}
