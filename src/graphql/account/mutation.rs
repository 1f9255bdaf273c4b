//! The mutations that create and change accounts.

use async_graphql::{
    ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject,
};

use super::{
    super::{
        engine::{
            errors::ApiError,
            new_edges::edge,
            request::{UserError, optional_id, payload, services, viewer_of},
        },
        money::MoneyInput,
        scalars::{CurrencyCode, TimeZone},
    },
    Account, AccountEdge, ConsumptionOrder, Settlement,
};
use crate::operations::account::{CreateAccount, UpdateAccount};

/// The settings of a new account.
#[derive(Debug, InputObject)]
pub struct CreateAccountInput {
    /// The name that people see, of 1 to 200 characters.
    name: String,
    /// The IANA time zone in which the account's days begin. Europe/Rome unless set.
    time_zone: Option<TimeZone>,
    /// The ISO 4217 code of the currency in which the account pays, which never changes. EUR unless
    /// set.
    currency_code: Option<CurrencyCode>,
    /// Any version of the rate card to charge by, which must be in the account's currency; its
    /// newest version always applies. Unless set, the card `default` if it is in the currency, or
    /// the card `default-` with the currency in lower case, such as `default-usd`.
    rate_card_id: Option<ID>,
}

/// The result of createAccount.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct CreateAccountPayload {
    /// The new account; null if the mutation was refused.
    account: Option<Account>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl CreateAccountPayload {
    /// The new account as an edge of `Query.accounts`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn account_edge(&self) -> Option<AccountEdge<'_>> {
        let account = self.account.as_ref()?;
        Some(edge("accounts", None, account, &account.0))
    }
}

/// The account settings to change. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateAccountInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The name that people see, of 1 to 200 characters.
    name: Option<String>,
    /// The IANA time zone in which the account's days begin from now on. Lots keep their expiration
    /// days, and each expiresAt moves to that day's first instant in the new zone. If the day has
    /// already begun there, what is left of the lot expires at once. A lot that has expired stays
    /// expired.
    time_zone: Option<TimeZone>,
    /// The order in which the account's lots are spent from now on.
    consumption_order: Option<ConsumptionOrder>,
    /// Who settles the account's scheduled messages from now on. Messages that came due while the
    /// server settled are charged first; with AUTOMATIC, overdue messages are charged for all who
    /// haven't left their lists. Requires PLATFORM_ADMIN.
    settlement: Option<Settlement>,
    /// Any version of the rate card to charge by, which must be in the account's currency. Requires
    /// PLATFORM_ADMIN.
    rate_card_id: Option<ID>,
    /// The origins to which buyers may return after deciding on a purchase, replacing the present
    /// ones: at most 20, such as https://shop.example. http is allowed only for localhost and
    /// 127.0.0.1.
    return_origins: Option<Vec<String>>,
    /// The platform's fee for a calendar month of the account's time zone, 0 or more in the
    /// account's currency. It holds from the present month on, and past months keep theirs.
    /// Requires PLATFORM_ADMIN.
    subscription_fee: Option<MoneyInput>,
    /// The months after which the names and texts of messages are erased, counted from their
    /// sendAt, from 0 to 1,200; with 0 they are erased within a day. Null for the platform's. What
    /// was erased can't be restored. Requires PLATFORM_ADMIN.
    retention_months: MaybeUndefined<i32>,
}

/// The result of updateAccount.
#[derive(Debug, SimpleObject)]
pub struct UpdateAccountPayload {
    /// The account after the mutation; null if the mutation was refused.
    account: Option<Account>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that create and change accounts.
#[derive(Debug, Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Creates an account without credits. Requires PLATFORM_ADMIN.
    async fn create_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: CreateAccountInput,
    ) -> Result<CreateAccountPayload, ApiError> {
        let by = viewer_of(ctx, "createAccount")?.actor();
        let services = services(ctx)?;
        let done = async {
            let rate_card = optional_id(input.rate_card_id.as_ref());
            let new = CreateAccount {
                name: input.name,
                time_zone: input.time_zone.map(|zone| zone.0),
                currency_code: input.currency_code.map(|code| code.0),
                rate_card,
            };
            services.create_account(&by, new).await
        };
        let (account, user_errors) = payload(done.await)?;
        Ok(CreateAccountPayload {
            account: account.map(Account),
            user_errors,
        })
    }

    /// Changes an account's settings. What is left out stays as it is. Requires PLATFORM_ADMIN or
    /// OWNER.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings to change.")] input: UpdateAccountInput,
    ) -> Result<UpdateAccountPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateAccount")?;
        let services = services(ctx)?;
        let done = async {
            let change = UpdateAccount {
                account: optional_id(input.account_id.as_ref()),
                name: input.name,
                time_zone: input.time_zone.map(|zone| zone.0),
                consumption_order: input.consumption_order.map(Into::into),
                settlement: input.settlement.map(Into::into),
                rate_card: optional_id(input.rate_card_id.as_ref()),
                return_origins: input.return_origins,
                subscription_fee: input
                    .subscription_fee
                    .map(|fee| (fee.amount.0, fee.currency_code.0)),
                retention_months: match input.retention_months {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(None),
                    MaybeUndefined::Value(months) => Some(Some(months)),
                },
            };
            services.update_account(&viewer, change).await
        };
        let (account, user_errors) = payload(done.await)?;
        Ok(UpdateAccountPayload {
            account: account.map(Account),
            user_errors,
        })
    }
}
