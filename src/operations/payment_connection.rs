//! Connections of accounts to their payment providers: the shop or customer there.
//!
//! Here: connecting and disconnecting, and an account as its provider knows it. Not here: its
//! credentials and their renewal ([`credentials`]), the permission to charge without the buyer
//! ([`mandate`]), and moving secrets to another key ([`rotation`]).

mod credentials;
mod input;
mod mandate;
pub mod rotation;

use std::{collections::HashMap, sync::Arc};

use domain::id::AccountId;
use entity::{
    account, payment_connection,
    sql_enums::{ConnectionStatus, SettingKind},
};
use jiff::Timestamp;
use sea_orm::{ActiveEnum, DbErr};
use serde_json::json;

pub use self::credentials::Renewals;
pub use self::input::{ConnectPayments, NewCredential};
use self::{
    credentials::{KeptCredentials, NoCredentials, sealed},
    mandate::reference_of,
};
use super::{
    OperationError, Path, RefusalCode, Services, Viewer, ViewerReader,
    reader::{Keyed, Owned},
    setting_change::instant,
    together::Together,
    viewer::Visibility,
};
use crate::{
    clock::whole_micros,
    payments::{CallError, Merchant, MerchantTrouble, Provider},
    store::{
        self,
        actor::Actor,
        setting_change::{self, Changed, Fields, Values},
    },
};

/// An account's connection to a payment provider, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The provider's name.
    pub provider: String,
    /// The shop or customer there.
    pub merchant: String,
    /// Whether it can be used, as the provider last said.
    pub status: ConnectionStatus,
    /// When it was connected.
    pub connected_at: Timestamp,
}

impl From<payment_connection::Model> for Connection {
    fn from(row: payment_connection::Model) -> Self {
        Self {
            provider: row.provider,
            merchant: row.merchant,
            status: row.status,
            connected_at: whole_micros(row.connected_at),
        }
    }
}

impl Owned for payment_connection::Model {
    fn visibility(&self) -> Visibility {
        Visibility::Account(AccountId::new(self.account_id))
    }
}

/// Asks for an account's connection to the provider of new payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionOf(pub AccountId);

impl Keyed for ConnectionOf {
    type Value = Connection;

    fn visibility(&self, _: Option<&Connection>) -> Option<Visibility> {
        Some(Visibility::Account(self.0))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Connection>, DbErr> {
        let services = reader.services();
        let Some(provider) = services.payments().selling() else {
            return Ok(HashMap::new());
        };
        let accounts = keys.iter().map(|key| key.0);
        let connection = services.store().reader();
        let rows = store::payment_connection::find_all(connection, accounts, provider.name());
        let rows = rows.await?.into_iter();
        Ok(rows
            .map(|row| (Self(AccountId::new(row.account_id)), row.into()))
            .collect())
    }
}

impl Services {
    /// Connects an account to the provider of new payments, or replaces its connection.
    ///
    /// # Errors
    /// An unknown account, a merchant or credentials that the provider can't use, `Conflict` if no
    /// provider is chosen or no key for secrets is configured.
    pub async fn connect_payments(
        &self,
        viewer: &Viewer,
        new: ConnectPayments,
    ) -> Result<Connection, OperationError> {
        let path = Path::input("accountId");
        let account = self.account_for(viewer, Some(new.account), &path).await;
        let provider = self.selling_for_connections()?;
        let checks = (
            account,
            input::merchant(&new.merchant, provider.as_ref()),
            input::credentials(new.credentials, provider.as_ref()),
        );
        let (account, merchant, secrets) = checks.together()?;
        if !secrets.is_empty() && self.vault().is_empty() {
            let refusal = Path::input("credentials").refuse(
                RefusalCode::Conflict,
                text!("This server has no key to encrypt credentials with, so they can't be stored; its operator sets \
                 SECRET_KEYS or SECRET_KEYS_FILE."),
            );
            return Err(refusal.into());
        }
        let id = AccountId::new(account.id);
        let sealed = if secrets.is_empty() {
            None
        } else {
            Some(sealed(self.vault(), id, provider.name(), &secrets)?)
        };
        let at = self.clock().now();
        let now = at.as_microsecond();
        let transaction = self.store().begin().await?;
        // A permission to charge belongs to its merchant, not to the credentials.
        let before = store::payment_connection::find(&transaction, id, provider.name()).await?;
        let mandate = before.clone().filter(|before| before.merchant == merchant);
        let mandate = mandate.and_then(|before| before.mandate);
        let (secret_key_id, secrets) = match sealed {
            Some(sealed) => (Some(sealed.key_id), Some(sealed.bytes)),
            None => (None, None),
        };
        let row = payment_connection::Model {
            account_id: account.id,
            provider: provider.name().to_owned(),
            merchant,
            status: ConnectionStatus::Active,
            secret_key_id,
            secrets,
            renewing_until: None,
            mandate,
            connected_at: now,
            updated_at: now,
        };
        store::payment_connection::put(&transaction, row.clone()).await?;
        let change = changed(before.as_ref(), Some(&row), id);
        setting_change::insert(&transaction, (&viewer.actor(), at), [change]).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Removes an account's connection to the provider of new payments, with its credentials.
    ///
    /// # Errors
    /// An unknown account, and `Conflict` if it isn't connected.
    pub async fn disconnect_payments(
        &self,
        viewer: &Viewer,
        account: AccountId,
    ) -> Result<account::Model, OperationError> {
        let path = Path::input("accountId");
        let account = self.account_for(viewer, Some(account), &path).await?;
        let provider = self.selling_for_connections()?;
        let id = AccountId::new(account.id);
        let transaction = self.store().begin().await?;
        let before = store::payment_connection::find(&transaction, id, provider.name()).await?;
        if !store::payment_connection::remove(&transaction, id, provider.name()).await? {
            let text = text!("The account isn't connected to the payment provider.");
            return Err(path.refuse(RefusalCode::Conflict, text).into());
        }
        let (by, at) = (viewer.actor(), self.clock().now());
        let change = changed(before.as_ref(), None, id);
        setting_change::insert(&transaction, (&by, at), [change]).await?;
        transaction.commit().await?;
        Ok(account)
    }

    fn selling_for_connections(&self) -> Result<&Arc<dyn Provider>, OperationError> {
        self.payments().selling().ok_or_else(|| {
            let text = text!(
                "This server has no payment provider, so no account can be connected; its operator chooses one with \
                 PAYMENT_PROVIDER."
            );
            Path::input("accountId").refuse(RefusalCode::Conflict, text).into()
        })
    }

    /// An account as its provider knows it, or why it can't be charged there.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn merchant(
        &self,
        account: AccountId,
        provider: &dyn Provider,
    ) -> Result<Result<Merchant, MerchantTrouble>, OperationError> {
        let reader = self.store().reader();
        let row = store::payment_connection::find(reader, account, provider.name()).await?;
        let Some(row) = row else {
            if provider.credentials().is_some() {
                return Ok(Err(MerchantTrouble::NotConnected));
            }
            return Ok(Ok(Merchant {
                account,
                id: None,
                credentials: Arc::new(NoCredentials),
                mandate: None,
            }));
        };
        if let Some(key) = row.secret_key_id.as_deref()
            && !self.vault().has_key(key)
        {
            let (account, provider) = (account.uuid(), provider.name());
            tracing::error!(%account, provider, key, "the key for an account's credentials isn't configured");
            return Ok(Err(MerchantTrouble::Unauthorized));
        }
        let mandate = match row.mandate.as_deref() {
            Some(text) => reference_of(text)?,
            None => None,
        };
        Ok(Ok(Merchant {
            account,
            id: Some(row.merchant),
            credentials: Arc::new(KeptCredentials::new(self, account, provider.name())),
            mandate,
        }))
    }

    /// Records what a call said about an account's connection: an answer means that it can be used,
    /// and some errors mean that it can't. Every call for a merchant is followed by this one.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn note_call(
        &self,
        account: AccountId,
        provider: &str,
        error: Option<&CallError>,
    ) -> Result<(), OperationError> {
        let status = match error {
            None => ConnectionStatus::Active,
            Some(CallError::Merchant(MerchantTrouble::Unauthorized)) => {
                ConnectionStatus::Unauthorized
            }
            Some(CallError::Merchant(MerchantTrouble::Frozen)) => ConnectionStatus::Frozen,
            Some(CallError::Merchant(MerchantTrouble::Uninstalled)) => {
                ConnectionStatus::Uninstalled
            }
            Some(
                CallError::Merchant(MerchantTrouble::NotConnected)
                | CallError::NoAnswer(_)
                | CallError::Busy(_),
            ) => return Ok(()),
        };
        let reader = self.store().reader();
        let row = store::payment_connection::find(reader, account, provider).await?;
        if let Some(row) = row.filter(|row| row.status != status) {
            let (id, before) = (account.uuid(), row.status);
            tracing::info!(account = %id, provider, ?before, after = ?status, "a connection's status changed");
            let now = self.clock().now();
            let transaction = self.store().begin().await?;
            if store::payment_connection::set_status(&transaction, &row, status, now).await? {
                let after = payment_connection::Model {
                    status,
                    ..row.clone()
                };
                let by = Actor::Provider(provider.to_owned());
                let fields = Fields::between(settings_of(&row), settings_of(&after));
                let change = of_account(account, fields);
                setting_change::insert(&transaction, (&by, now), [change]).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// A connection's settings, as the journal has them, without its credentials.
fn settings_of(row: &payment_connection::Model) -> Values {
    vec![
        ("provider", json!(row.provider)),
        ("merchantId", json!(row.merchant)),
        ("status", json!(row.status.to_value())),
        ("connectedAt", instant(Some(row.connected_at))),
    ]
}

/// A connection that was made, replaced or removed. Credentials that are there before or after
/// count as changed: nobody compares secrets.
fn changed(
    before: Option<&payment_connection::Model>,
    after: Option<&payment_connection::Model>,
    account: AccountId,
) -> Changed {
    let values = |row: Option<&payment_connection::Model>| row.map(settings_of).unwrap_or_default();
    let has_secrets = |row: Option<&payment_connection::Model>| {
        row.is_some_and(|row| row.secret_key_id.is_some())
    };
    let fields = Fields::between(values(before), values(after));
    let is_changed = has_secrets(before) || has_secrets(after);
    of_account(account, fields.with_secret("credentials", is_changed))
}

fn of_account(account: AccountId, fields: Fields) -> Changed {
    Changed {
        account,
        kind: SettingKind::PaymentConnection,
        node: account.uuid(),
        fields,
    }
}
