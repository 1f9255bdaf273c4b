//! Who is asking: the key in a request's `Authorization` header, and how many wrong keys an address shows.

use std::{num::NonZeroU32, time::Duration};

use axum::http::{HeaderMap, header};

use super::{
    address::Address,
    rates::{Buckets, Rate},
};
use crate::operations::{OperationError, Services, Viewer};

/// The longest credential that is looked at: a JWT of an OpenID provider is well below.
const MAX_CREDENTIAL_BYTES: usize = 8_192;

/// Wrong keys that an address may show at once: a service with a stale key retries a few times.
const WRONG_KEYS: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// Wrong keys by where they come from. They are counted in the metric `wrong_api_keys_total`; an address that shows
/// many is told to wait. A key that works is taken all the same: it has 256 random bits, so that nobody finds one by
/// trying, and a shared address must not lock its neighbours out.
#[derive(Debug)]
pub(super) struct WrongKeys(Buckets<Address>);

impl Default for WrongKeys {
    fn default() -> Self {
        Self(Buckets::new(Rate {
            per_second: NonZeroU32::MIN,
            burst: WRONG_KEYS,
        }))
    }
}

impl WrongKeys {
    /// Counts a wrong key.
    ///
    /// # Errors
    /// The address showed too many: it may try again after this time.
    pub(super) fn count(&self, from: Address) -> Result<(), Duration> {
        metrics::counter!("wrong_api_keys_total").increment(1);
        self.0.spend(&from, 1)
    }
}

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
