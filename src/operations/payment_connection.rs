//! Connections of accounts to their payment providers: the shop or customer there, and the
//! credentials for it.

use std::sync::Arc;

use domain::id::AccountId;
use entity::payment_connection;
use sea_orm::EntityTrait;

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
        let key = (account.uuid(), provider.name().to_owned());
        let row = payment_connection::Entity::find_by_id(key);
        let row = row.one(self.store().reader()).await?;
        Ok(Ok(Merchant {
            account,
            id: row.map(|row| row.merchant),
            credentials: Arc::new(NoCredentials),
            mandate: None,
        }))
    }
}
