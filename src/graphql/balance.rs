//! The balance of an account.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::{book, id::AccountId};

use super::{
    account::{self, Account},
    contact_list::{self, ContactListConnection},
    engine::{errors::ApiError, ids, loaders, paging::window, request::services},
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
    Ok(Balance {
        of: found.ok_or_else(lost)??,
        is_past: at.is_some(),
    })
}

/// The balance of an account now or at a past instant.
#[derive(Debug, Clone, Copy)]
pub struct Balance {
    of: BalanceAt,
    is_past: bool,
}

impl Balance {
    /// The balance of now, or right after a mutation.
    pub(super) fn now(of: BalanceAt) -> Self {
        Self { of, is_past: false }
    }
}

/// The credits of an account: total = available + held, and available = assigned + unassigned.
#[Object]
impl Balance {
    /// An id by which caches recognize the account's balance of now, wherever it is selected. The
    /// balance at a past instant has another one. `node` doesn't find it.
    async fn id(&self) -> ID {
        let account = self.of.account.uuid();
        if self.is_past {
            let at = self.of.at.as_microsecond();
            ids::derived("balance", account, &at.to_be_bytes())
        } else {
            ids::part("balance", account)
        }
    }

    /// The account that has the credits.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        account::of(ctx, self.of.account).await
    }

    /// All credits that are neither spent, expired nor revoked: available + held.
    async fn total(&self) -> Credits {
        self.of.balance.total().into()
    }

    /// Credits held for scheduled messages.
    async fn held(&self) -> Credits {
        self.of.balance.held.into()
    }

    /// Credits that can be spent now.
    async fn available(&self) -> Credits {
        self.of.balance.available.into()
    }

    /// The available credits that belong to lists with a limit of their own.
    async fn assigned(&self) -> Credits {
        self.of.balance.assigned().into()
    }

    /// The available credits that all other lists share.
    async fn unassigned(&self) -> Credits {
        self.of.balance.unassigned.into()
    }

    /// The available credits in money, at the rate card's value of a credit, rounded half to even
    /// to the currency's minor unit.
    async fn value(&self, ctx: &Context<'_>) -> Result<Money, ApiError> {
        let card = services(ctx)?
            .rate_card_in_force(self.of.account, self.of.at)
            .await?;
        let value = credit_value(&card)?.of(self.of.balance.available);
        let beyond =
            || ApiError::internal(Fault::Broken("a balance is worth too much to say".into()));
        Ok(value.ok_or_else(beyond)?.into())
    }

    /// The lists that share the unassigned credits, oldest first: what they can spend changes
    /// whenever `unassigned` does, so select their allocations in a mutation to keep a cache right.
    async fn shared_lists(&self, ctx: &Context<'_>) -> Result<ContactListConnection, ApiError> {
        let account = self.of.account;
        let window = window(ctx, Some(account.uuid()))?;
        contact_list::shared(ctx, account, window).await
    }

    /// The credits that expire next; null if none will.
    async fn next_expiry(&self) -> Option<ExpiringCredits> {
        self.of.balance.next_expiry.map(Into::into)
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
