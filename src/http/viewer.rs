//! Authentication: the key in a request's `Authorization` header, and how many wrong keys an
//! address may try.

use std::{num::NonZeroU32, time::Duration};

use axum::http::{HeaderMap, header};

use super::{
    address::Address,
    rates::{Buckets, Rate},
};
use crate::{
    graphql::engine::persisted::MayRun,
    operations::{OperationError, Services, Viewer, api_key::Secret},
    telemetry::{
        episode::Limited,
        metrics::{WRONG_KEYS, count},
    },
};

/// The longest credential that is checked: JWTs of OpenID providers are well below.
const MAX_CREDENTIAL_BYTES: usize = 8_192;

/// Wrong keys that an address may show in a burst: a service with a stale key retries a few times.
const WRONG_KEYS_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// Logs one refused key in ten seconds, with the number of those before it that were left out:
/// whoever tries keys would fill the log.
static LOGGED: Limited = Limited::new(Duration::from_secs(10));

/// Counts wrong keys by address, in a metric and in the log too; an address that shows
/// many has to wait. Valid keys are accepted all the same: a key has 256 random bits, so nobody
/// finds one by trying, and users of a shared address must not lock each other out.
#[derive(Debug)]
pub(super) struct WrongKeys(Buckets<Address>);

impl Default for WrongKeys {
    fn default() -> Self {
        count(&WRONG_KEYS, 0);
        Self(Buckets::new(Rate {
            per_second: NonZeroU32::MIN,
            burst: WRONG_KEYS_BURST,
        }))
    }
}

impl WrongKeys {
    /// Counts a wrong key.
    ///
    /// # Errors
    /// The address showed too many; it may try again after this time.
    pub(super) fn count(&self, from: Address) -> Result<(), Duration> {
        count(&WRONG_KEYS, 1);
        if let Some(left_out) = LOGGED.left_out() {
            tracing::warn!(address = %from, left_out, "an API key was refused: it is wrong, revoked or expired, or bound to other addresses");
        }
        self.0.spend(&from, 1)
    }
}

/// The result of authenticating a request.
pub(super) enum Authentication {
    /// No key was shown.
    Anonymous,
    /// A valid key was shown.
    Valid(Viewer),
    /// An invalid key was shown.
    InvalidKey,
    /// A valid key was shown from an address that it isn't allowed at.
    Elsewhere,
}

/// Which documents a viewer may run.
pub(super) fn may_run(viewer: &Viewer) -> MayRun {
    if viewer.trusted_documents_only {
        MayRun::Trusted
    } else {
        MayRun::Any
    }
}

/// Identifies the caller by the request's headers and its address.
pub(super) async fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    from: Address,
) -> Result<Authentication, OperationError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(Authentication::Anonymous);
    };
    match value.to_str() {
        Ok(text) => authenticate_credential(services, text, from).await,
        Err(_) => Ok(Authentication::InvalidKey),
    }
}

/// Identifies the owner of a credential such as `Bearer mc_…`.
pub(super) async fn authenticate_credential(
    services: &Services,
    text: &str,
    from: Address,
) -> Result<Authentication, OperationError> {
    let secret = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .filter(|secret| !secret.is_empty() && secret.len() <= MAX_CREDENTIAL_BYTES);
    let Some(secret) = secret else {
        return Ok(Authentication::InvalidKey);
    };
    Ok(match services.authenticate(secret, from.first()).await? {
        Secret::Of(viewer) => Authentication::Valid(viewer),
        Secret::Wrong => Authentication::InvalidKey,
        Secret::Elsewhere => Authentication::Elsewhere,
    })
}
