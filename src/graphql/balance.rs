//! The balance of an account.

use async_graphql::{Context, Object, SimpleObject};
use domain::{book, id::AccountId};

use super::{
    account::Account,
    engine::{errors::ApiError, loaders, request::services},
    money::Money,
    scalars::{Credits, Date, DateTime},
};
use crate::operations::{
    Fault, Path, balance::BalanceAt, input, rate_card::credit_value, reader::BalanceOf,
};

/// The balance of an account now or at a past instant. Equal requests within one GraphQL request
/// share one read.
pub(super) async fn balance(
    ctx: &Context<'_>,
    account: AccountId,
    at: Option<DateTime>,
) -> Result<Balance, ApiError> {
    let at = at
        .map(|at| input::instant(&at.0, &Path::argument("at")))
        .transpose()?;
    services(ctx)?.refuse_to_foresee(at)?;
    let found = loaders::load(ctx, BalanceOf { account, at }).await?;
    let lost = || ApiError::internal(Fault::Broken("a balance was not answered".into()));
    Ok(Balance(found.ok_or_else(lost)??))
}

/// The balance of an account at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Balance(pub BalanceAt);

/// The credits of an account: total = available + held, and available = assigned + unassigned.
#[Object]
impl Balance {
    /// The account that has the credits.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        let row = loaders::load(ctx, self.0.account).await?;
        row.map(Account).ok_or(ApiError::NotFound)
    }

    /// All credits that are neither spent, expired nor revoked: available + held.
    async fn total(&self) -> Credits {
        self.0.balance.total().into()
    }

    /// Credits held for scheduled messages.
    async fn held(&self) -> Credits {
        self.0.balance.held.into()
    }

    /// Credits that can be spent now.
    async fn available(&self) -> Credits {
        self.0.balance.available.into()
    }

    /// The available credits that belong to lists with a limit of their own.
    async fn assigned(&self) -> Credits {
        self.0.balance.assigned().into()
    }

    /// The available credits that all other lists share.
    async fn unassigned(&self) -> Credits {
        self.0.balance.unassigned.into()
    }

    /// The available credits in money, at the rate card's value of a credit, rounded half to even
    /// to the currency's minor unit.
    async fn value(&self, ctx: &Context<'_>) -> Result<Money, ApiError> {
        let card = services(ctx)?
            .rate_card_in_force(self.0.account, self.0.at)
            .await?;
        let value = credit_value(&card)?.of(self.0.balance.available);
        let beyond =
            || ApiError::internal(Fault::Broken("a balance is worth too much to say".into()));
        Ok(value.ok_or_else(beyond)?.into())
    }

    /// The credits that expire next; null if none will.
    async fn next_expiry(&self) -> Option<ExpiringCredits> {
        self.0.balance.next_expiry.map(Into::into)
    }
}

/// Credits of all lots that expire on the same day.
#[derive(Debug, Clone, SimpleObject)]
pub struct ExpiringCredits {
    /// The number of credits that are left.
    credits: Credits,
    /// The expiration day: the credits can be used until the end of the day before.
    expires_on: Date,
    /// The first instant of expiresOn in the account's time zone: from then on the credits can't be
    /// used.
    expires_at: DateTime,
}

impl From<book::NextExpiry> for ExpiringCredits {
    fn from(next: book::NextExpiry) -> Self {
        Self {
            credits: next.credits.into(),
            expires_on: Date(next.expiry.on.to_string()),
            expires_at: next.expiry.at.into(),
        }
    }
}
