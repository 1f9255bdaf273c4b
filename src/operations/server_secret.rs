//! The server's secrets, which sign download links, the addresses of approve pages, and access
//! tokens.
//!
//! Every process of an installation reads them from the database at each use, so all of them notice
//! at once when the secrets are renewed. Here: reading and renewing them. Not here: what is signed.

use std::sync::Arc;

use hmac::{Hmac, KeyInit};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

use super::{OperationError, Services};
use crate::{
    entropy, payments,
    store::{self, Store},
};

/// As long as the hash that the secret keys.
const SECRET_BYTES: usize = 32;

/// What a secret signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Links to the files of reports.
    Downloads,
    /// Addresses of this server's approve pages.
    Checkout,
    /// Access tokens.
    AccessTokens,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Downloads, Self::Checkout, Self::AccessTokens];

    /// The name under which the secret is stored.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Downloads => "downloads",
            Self::Checkout => "checkout",
            Self::AccessTokens => "access_tokens",
        }
    }
}

impl Services {
    /// Starts a signature with the secret of a purpose. The first use creates the secret.
    pub(super) async fn signer(&self, purpose: Purpose) -> Result<Hmac<Sha256>, OperationError> {
        let secret = match self.0.reads.secrets.load(purpose.name()).await? {
            Some(secret) => secret,
            None => {
                let fresh: [u8; SECRET_BYTES] = entropy::bytes();
                let writer = self.store().writer();
                let kept = store::server_secret::find_or_insert(writer, purpose.name(), &fresh);
                Arc::new(SecretSlice::from(kept.await?))
            }
        };
        keyed(&secret)
    }
}

/// Starts a signature with a secret that was read.
pub(super) fn keyed(secret: &SecretSlice<u8>) -> Result<Hmac<Sha256>, OperationError> {
    Hmac::new_from_slice(secret.expose_secret())
        .map_err(|_| OperationError::broken("a server secret has no bytes"))
}

/// Replaces every secret. Existing download links, access tokens and addresses of approve pages
/// stop working. A pending purchase gets a new address, which its owner reads from
/// `confirmationUrl`.
///
/// # Errors
/// A fault of the database, in which case nothing was replaced.
pub async fn renew(store: &Store) -> Result<(), OperationError> {
    let transaction = store.begin().await?;
    for purpose in Purpose::ALL {
        let fresh: [u8; SECRET_BYTES] = entropy::bytes();
        store::server_secret::replace(&transaction, purpose.name(), &fresh).await?;
    }
    // Hashes of the addresses that earlier versions issued.
    store::purchase::forget_references(&transaction, payments::DEMO).await?;
    transaction.commit().await?;
    Ok(())
}
