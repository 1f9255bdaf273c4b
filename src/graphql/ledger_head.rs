//! The head of an account's hash chain.
//!
//! Here: the type. Not here: exporting and checking heads, which are commands.

use async_graphql::{Context, Object};
use domain::id::AccountId;

use super::{
    engine::{errors::ApiError, guard::edges, loaders},
    scalars::{BigInt, DateTime},
};
use crate::operations::{
    Fault,
    policy::of,
    reader::{LedgerHead as Found, LedgerHeadOf},
};

/// The head of an account's hash chain.
pub struct LedgerHead(Found);

/// The last entry of an account's ledger. Whoever keeps heads apart from the server can prove later
/// that no entry before them was changed or removed. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or
/// OWNER.
#[Object(guard = edges(of::LedgerHead))]
impl LedgerHead {
    /// The number of the account's transactions, which is also the last one's number in the
    /// account: they are numbered from 1 without gaps.
    async fn transaction_count(&self) -> BigInt {
        BigInt::at_most(self.0.transactions)
    }

    /// The SHA-256 of the last transaction and of the hash before it, as 64 hexadecimal digits; all
    /// zero if there is no transaction.
    async fn hash(&self) -> String {
        self.0
            .hash
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// When the last transaction was booked; null if there is none.
    async fn at(&self) -> Option<DateTime> {
        self.0.at.map(DateTime::from)
    }
}

/// The head of an account's chain.
pub(super) async fn ledger_head(
    ctx: &Context<'_>,
    account: AccountId,
) -> Result<LedgerHead, ApiError> {
    let head = loaders::load(ctx, LedgerHeadOf(account)).await?;
    let lost = || ApiError::internal(Fault::Broken("an account has no book".into()));
    Ok(LedgerHead(head.ok_or_else(lost)?))
}
