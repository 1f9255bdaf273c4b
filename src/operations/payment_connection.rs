//! Connections of accounts to their payment providers: the shop or customer there, and the
//! credentials for it.

use std::sync::Arc;

use domain::id::AccountId;

use super::{OperationError, Services};
use crate::payments::{
    CallError, Credentials, Merchant, MerchantTrouble, Provider, Renew, Secrets,
};

/// The credentials of an account that has none.
#[derive(Debug)]
struct NoCredentials;

#[async_trait::async_trait]
impl Credentials for NoCredentials {
    async fn current(&self) -> Result<Secrets, CallError> {
        Ok(Secrets::new())
    }

    async fn renewed(&self, _: &Secrets, _: Renew<'_>) -> Result<Secrets, CallError> {
        Err(CallError::Merchant(MerchantTrouble::NotConnected))
    }
}

impl Services {
    /// An account as its provider knows it, or why it can't be charged there.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn merchant(
        &self,
        account: AccountId,
        provider: &dyn Provider,
    ) -> Result<Result<Merchant, MerchantTrouble>, OperationError> {
        if provider.credentials().is_some() {
            return Ok(Err(MerchantTrouble::NotConnected));
        }
        Ok(Ok(Merchant {
            account,
            id: None,
            credentials: Arc::new(NoCredentials),
            mandate: None,
        }))
    }
}
