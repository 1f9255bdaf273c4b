//! Connections to payment providers, and the mutations that make and remove them.

use std::fmt;

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::AccountId;
use entity::sql_enums;

use super::{
    account::{self, Account},
    engine::{
        errors::ApiError,
        guard::may_read,
        loaders,
        request::{UserError, id, payload, services, viewer_of},
    },
    scalars::DateTime,
};
use crate::operations::payment_connection::{
    ConnectPayments, Connection, ConnectionOf, NewCredential,
};

/// An account's connection to the payment provider. Its credentials are never part of an answer.
#[derive(Debug, Clone)]
pub struct PaymentConnection(Connection);

/// The shop or customer at the payment provider that an account pays with. Its credentials are
/// never part of an answer. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
#[Object]
impl PaymentConnection {
    /// The name of the payment provider, such as sandbox.
    async fn provider(&self) -> &str {
        &self.0.provider
    }

    /// The provider's id of the shop or customer, such as example.myshopify.com.
    async fn merchant_id(&self) -> &str {
        &self.0.merchant
    }

    /// Whether payments are possible, as the provider's last answer said.
    async fn status(&self) -> PaymentConnectionStatus {
        self.0.status.into()
    }

    /// The instant at which the account was last connected.
    async fn connected_at(&self) -> DateTime {
        self.0.connected_at.into()
    }
}

/// Whether payments over a connection are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::ConnectionStatus")]
pub enum PaymentConnectionStatus {
    /// Payments are possible.
    Active,
    /// The provider has frozen the shop or customer, for example for unpaid bills. Payments are
    /// possible again once its owner has settled that with the provider.
    Frozen,
    /// The provider refuses the credentials, or this server can't decrypt them. Connect the account
    /// again with new ones.
    Unauthorized,
    /// The shop has removed the app, or the customer was deleted. Connect the account again.
    Uninstalled,
}

/// The connection of an account, for viewers that may see it.
pub(super) async fn of_account(
    ctx: &Context<'_>,
    account: AccountId,
) -> Option<Result<PaymentConnection, ApiError>> {
    let connection = async {
        may_read(ctx, "Account", "paymentConnection")?;
        loaders::load(ctx, ConnectionOf(account)).await
    };
    connection
        .await
        .map(|found| found.map(PaymentConnection))
        .transpose()
}

/// A credential for a shop or customer.
#[derive(InputObject)]
pub struct PaymentCredentialInput {
    /// The payment provider's name for it, such as access_token.
    name: String,
    /// The credential itself, of 1 to 4,096 bytes. It is stored encrypted and never returned.
    value: String,
}

/// Without the credential.
impl fmt::Debug for PaymentCredentialInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentCredentialInput")
            .finish_non_exhaustive()
    }
}

/// The account to connect, and its shop or customer.
#[derive(Debug, InputObject)]
pub struct ConnectPaymentsInput {
    /// The account that pays with this shop or customer.
    account_id: ID,
    /// The provider's id of the shop or customer, of 1 to 255 bytes, such as
    /// example.myshopify.com.
    merchant_id: String,
    /// The credentials that the payment provider needs for it, at most 20. The sandbox takes none.
    #[graphql(default)]
    credentials: Vec<PaymentCredentialInput>,
}

/// The result of connectPayments.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct ConnectPaymentsPayload {
    #[graphql(skip)]
    of: Option<AccountId>,
    /// The new connection; null if the mutation was refused.
    payment_connection: Option<PaymentConnection>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl ConnectPaymentsPayload {
    /// The account that was connected; null if the mutation was refused.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        Some(account::of(ctx, self.of?).await)
    }
}

/// The account to disconnect.
#[derive(Debug, InputObject)]
pub struct DisconnectPaymentsInput {
    /// The account whose connection is removed.
    account_id: ID,
}

/// The result of disconnectPayments.
#[derive(Debug, SimpleObject)]
pub struct DisconnectPaymentsPayload {
    /// The account without its connection; null if the mutation was refused.
    account: Option<Account>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that connect accounts to the payment provider.
#[derive(Debug, Default)]
pub struct PaymentConnectionMutation;

#[Object]
impl PaymentConnectionMutation {
    /// Connects an account to its shop or customer at the payment provider, or replaces its
    /// connection. Requires PLATFORM_ADMIN.
    async fn connect_payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account to connect, and its shop or customer.")]
        input: ConnectPaymentsInput,
    ) -> Result<ConnectPaymentsPayload, ApiError> {
        let viewer = viewer_of(ctx, "connectPayments")?;
        let services = services(ctx)?;
        let done = async {
            let new = ConnectPayments {
                account: id(&input.account_id),
                merchant: input.merchant_id,
                credentials: (input.credentials.into_iter())
                    .map(|one| NewCredential {
                        name: one.name,
                        value: one.value.into(),
                    })
                    .collect(),
            };
            let account = new.account;
            let connection = services.connect_payments(&viewer, new).await?;
            Ok((account, connection))
        };
        let (connected, user_errors) = payload(done.await)?;
        let (of, connection) = connected.unzip();
        Ok(ConnectPaymentsPayload {
            of,
            payment_connection: connection.map(PaymentConnection),
            user_errors,
        })
    }

    /// Removes an account's connection to the payment provider, with its credentials. Payments that
    /// were begun before stay open until the provider can be asked about them again. Requires
    /// PLATFORM_ADMIN.
    async fn disconnect_payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account to disconnect.")] input: DisconnectPaymentsInput,
    ) -> Result<DisconnectPaymentsPayload, ApiError> {
        let viewer = viewer_of(ctx, "disconnectPayments")?;
        let services = services(ctx)?;
        let done = async {
            let account = id(&input.account_id);
            services.disconnect_payments(&viewer, account).await
        };
        let (account, user_errors) = payload(done.await)?;
        Ok(DisconnectPaymentsPayload {
            account: account.map(Account),
            user_errors,
        })
    }
}
