//! The address of a purchase's approve page. Having the address is the permission to approve.
//!
//! Its token names the purchase and is signed with the server's secret, so it can be computed again
//! at any time and isn't stored. Here: making and reading tokens. Not here: the decision
//! ([`super::decision`]) and the page ([`crate::http::checkout`]).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::PurchaseId;
use entity::{
    purchase,
    sql_enums::{PurchaseStatus, Role},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::super::{OperationError, Path, Services, Viewer, server_secret::Purpose};
use crate::{payments, store};

/// A token is a purchase's id and a signature.
const TOKEN_BYTES: usize = 16 + 32;
/// The longest token that is read.
const MAX_TOKEN_BYTES: usize = 128;

impl Services {
    /// The address where a viewer may approve a purchase. `None` if the purchase is decided or its
    /// provider is no longer used. Also `None` for viewers who may not approve it, if having the
    /// address is the permission (law R1).
    ///
    /// # Errors
    /// A fault if a stored address is invalid.
    pub async fn confirmation_url(
        &self,
        viewer: &Viewer,
        row: &purchase::Model,
    ) -> Result<Option<Url>, OperationError> {
        let may_approve = matches!(viewer.role, Role::Owner | Role::PlatformAdmin);
        let is_permission = self.is_approved_here(row);
        if row.status != PurchaseStatus::Pending
            || !self.may_be_decided(row)
            || (is_permission && !may_approve)
        {
            return Ok(None);
        }
        if is_permission {
            let token = self.checkout_token(PurchaseId::new(row.id)).await?;
            return page(self.public_url(), &token)
                .map(Some)
                .ok_or_else(|| OperationError::broken("the public URL can't have a path"));
        }
        row.confirmation_url
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|cause| OperationError::broken(format!("a confirmation URL: {cause}")))
    }

    async fn checkout_token(&self, id: PurchaseId) -> Result<String, OperationError> {
        let signature = self.purchase_signature(id).await?.finalize().into_bytes();
        let token = [id.uuid().as_bytes().as_slice(), &signature].concat();
        Ok(BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    async fn purchase_signature(&self, id: PurchaseId) -> Result<Hmac<Sha256>, OperationError> {
        let mut signature = self.signer(Purpose::Checkout).await?;
        signature.update(id.uuid().as_bytes());
        Ok(signature)
    }

    /// The purchase that a token names, in its current state.
    ///
    /// # Errors
    /// `NotFound` for any other token.
    pub(super) async fn purchase_of_token(
        &self,
        token: &str,
    ) -> Result<purchase::Model, OperationError> {
        let found = if token.len() > MAX_TOKEN_BYTES {
            None
        } else if let Some(id) = self.purchase_id(token).await? {
            let rows = store::purchase::find_all(self.store().reader(), [id]).await?;
            rows.into_iter().next()
        } else {
            // Earlier versions issued random tokens, whose hashes are in the database.
            let hash = Sha256::digest(token);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            store::purchase::find_by_reference(self.store().reader(), payments::DEMO, &hash).await?
        };
        let row = found.filter(|row| self.is_approved_here(row));
        let row = row.ok_or_else(|| Path::argument("token").not_found(text!("purchase")))?;
        Ok(self.purchase_as_of(row, self.clock().now()))
    }

    /// The purchase that a token names; `None` if this server didn't sign it.
    async fn purchase_id(&self, token: &str) -> Result<Option<PurchaseId>, OperationError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let Ok(bytes) = <[u8; TOKEN_BYTES]>::try_from(bytes) else {
            return Ok(None);
        };
        let (id, signature) = bytes.split_at(16);
        let id = PurchaseId::new(Uuid::from_slice(id).unwrap_or_default());
        let signer = self.purchase_signature(id).await?;
        // The comparison takes the same time, whatever differs.
        Ok(signer.verify_slice(signature).is_ok().then_some(id))
    }
}

/// The approval page's address for a token; `None` if the public URL can't have a path.
#[must_use]
pub fn page(public_url: &Url, token: &str) -> Option<Url> {
    let mut page = public_url.clone();
    page.set_query(None);
    page.set_fragment(None);
    page.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["checkout", token]);
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_is_under_the_public_url() {
        let check = |public: &str, expected: &str| {
            let page = page(&public.parse().unwrap(), "token").unwrap();
            assert_eq!(page.as_str(), expected);
        };
        check(
            "http://localhost:8080",
            "http://localhost:8080/checkout/token",
        );
        check(
            "https://x.example/credits",
            "https://x.example/credits/checkout/token",
        );
        check(
            "https://x.example/credits/?a=b#c",
            "https://x.example/credits/checkout/token",
        );
    }
}
