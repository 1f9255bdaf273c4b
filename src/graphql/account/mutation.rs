//! The mutations that make and change accounts.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    super::{
        errors::ApiError,
        request::{UserError, optional_id, payload, services, viewer_of},
        scalars::{CurrencyCode, TimeZone},
    },
    Account, ConsumptionOrder, Settlement,
};
use crate::operations::{
    Path,
    account::{CreateAccount, UpdateAccount},
};

/// A new account.
#[derive(Debug, InputObject)]
pub struct CreateAccountInput {
    /// Its name; 1 to 200 characters.
    name: String,
    /// Where its days start; Europe/Rome unless set.
    time_zone: Option<TimeZone>,
    /// The currency of its prices; EUR unless set.
    currency_code: Option<CurrencyCode>,
    /// The rate card to charge by: any version of it, of which the newest always counts. The default card
    /// unless set.
    rate_card_id: Option<ID>,
}

/// What createAccount answers.
#[derive(Debug, SimpleObject)]
pub struct CreateAccountPayload {
    /// The new account; null where it was refused.
    account: Option<Account>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Settings of an account to change; what is left out stays.
#[derive(Debug, InputObject)]
pub struct UpdateAccountInput {
    /// Which account; the viewer's own where left out.
    account_id: Option<ID>,
    /// Its name; 1 to 200 characters.
    name: Option<String>,
    /// Where its days start from now on. Lots keep their expiration days: each one's expiresAt moves to that day's first
    /// instant in the new zone. If the day has begun there already, what is left of the lot expires at once; a lot that
    /// has expired stays expired.
    time_zone: Option<TimeZone>,
    /// In which order its lots are drawn from now on.
    consumption_order: Option<ConsumptionOrder>,
    /// Who settles its scheduled messages from now on; for platform roles only. Messages that came due while the
    /// server settled are charged first; with AUTOMATIC, those that are overdue are charged for all who
    /// have not left their lists.
    settlement: Option<Settlement>,
    /// The rate card to charge by; for platform administrators only.
    rate_card_id: Option<ID>,
    /// Origins that buyers may be sent back to after deciding on a purchase, instead of those that are there: at
    /// most 20, such as https://shop.example. http is for localhost and 127.0.0.1.
    return_origins: Option<Vec<String>>,
}

/// What updateAccount answers.
#[derive(Debug, SimpleObject)]
pub struct UpdateAccountPayload {
    /// The account as it is now; null where the change was refused.
    account: Option<Account>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that make and change accounts.
#[derive(Debug, Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Adds an account, with no credits yet.
    async fn create_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: CreateAccountInput,
    ) -> Result<CreateAccountPayload, ApiError> {
        viewer_of(ctx, "createAccount")?;
        let services = services(ctx)?;
        let done = async {
            let rate_card = optional_id(
                input.rate_card_id.as_ref(),
                &Path::input("rateCardId"),
                "rate card",
            )?;
            let new = CreateAccount {
                name: input.name,
                time_zone: input.time_zone.map(|zone| zone.0),
                currency_code: input.currency_code.map(|code| code.0),
                rate_card,
            };
            services.create_account(new).await
        };
        let (account, user_errors) = payload(done.await)?;
        Ok(CreateAccountPayload {
            account: account.map(Account),
            user_errors,
        })
    }

    /// Changes an account's settings.
    async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateAccountInput,
    ) -> Result<UpdateAccountPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateAccount")?;
        let services = services(ctx)?;
        let done = async {
            let change = UpdateAccount {
                account: optional_id(
                    input.account_id.as_ref(),
                    &Path::input("accountId"),
                    "account",
                )?,
                name: input.name,
                time_zone: input.time_zone.map(|zone| zone.0),
                consumption_order: input.consumption_order.map(Into::into),
                settlement: input.settlement.map(Into::into),
                rate_card: optional_id(
                    input.rate_card_id.as_ref(),
                    &Path::input("rateCardId"),
                    "rate card",
                )?,
                return_origins: input.return_origins,
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
