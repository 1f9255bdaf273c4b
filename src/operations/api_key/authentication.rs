//! Authenticating requests by the secret that they show.
//!
//! Here: whose secret it is, and whether it works from the address of the request. Not here: an
//! access token's claims ([`super::super::access_token`]), and how many wrong secrets an address
//! may try, which [`crate::http`] counts.

use std::net::IpAddr;

use domain::id::{AccountId, ApiKeyId};
use entity::sql_enums::Role;
use subtle::ConstantTimeEq;

use super::{
    super::{OperationError, Services, Viewer, access_token},
    AllowedAddresses, SECRET_PREFIX, secret_hash, works,
};

/// Whom a secret belongs to.
#[derive(Debug)]
pub enum Secret {
    /// The viewer of a key or an access token that works.
    Of(Viewer),
    /// No key and no token that works has it.
    Wrong,
    /// Its key doesn't work from the address of the request.
    Elsewhere,
}

impl Services {
    /// Whether a key is neither revoked nor expired.
    pub async fn key_works(&self, id: ApiKeyId) -> Result<bool, OperationError> {
        let row = self.0.reads.keys_by_id.load(id).await?;
        let now = self.clock().now();
        Ok(row.is_some_and(|row| works(&row, now)))
    }

    /// Whose key has this secret, or who was given this token, in a request from this address.
    pub async fn authenticate(&self, secret: &str, from: IpAddr) -> Result<Secret, OperationError> {
        let hash = secret_hash(secret);
        if let Some(admin) = self.admin_key_hash()
            && bool::from(admin.ct_eq(&hash))
        {
            return Ok(Secret::Of(Viewer {
                key: None,
                role: Role::PlatformAdmin,
                account: None,
                on_behalf_of: None,
                token: None,
                trusted_documents_only: false,
            }));
        }
        let (viewer, key) = if secret.starts_with(access_token::PREFIX) {
            match self.authenticate_token(secret).await? {
                Some(found) => found,
                None => return Ok(Secret::Wrong),
            }
        } else if secret.starts_with(SECRET_PREFIX) {
            let row = self.0.reads.keys.load(hash).await?;
            let now = self.clock().now();
            let row = row.filter(|row| {
                works(row, now) && bool::from(row.secret_hash.as_slice().ct_eq(&hash))
            });
            let Some(row) = row else {
                return Ok(Secret::Wrong);
            };
            let viewer = Viewer {
                key: Some(ApiKeyId::new(row.id)),
                role: row.role,
                account: row.account_id.map(AccountId::new),
                on_behalf_of: None,
                token: None,
                trusted_documents_only: row.trusted_documents_only,
            };
            (viewer, Some(row))
        } else {
            let viewer = self.authenticate_identity(secret).await?;
            return Ok(viewer.map_or(Secret::Wrong, Secret::Of));
        };
        if let Some(key) = &key {
            let allowed = AllowedAddresses::from_stored(key.allowed_addresses.as_deref())?;
            if !allowed.allow(from) {
                return Ok(Secret::Elsewhere);
            }
            self.note_key_use(key, self.clock().now());
        }
        Ok(Secret::Of(viewer))
    }
}
