//! Values of an account that are read for many accounts at once: its balance, its debt, the
//! head of its chain, its fee.
//!
//! Here: the keys, and how several are read. Not here: the filter itself ([`super`]), and values of
//! other rows ([`super::parts`]).

use std::{collections::HashMap, sync::Arc};

use domain::{credits::Credits, id::AccountId};
use jiff::{Timestamp, civil::Date};
use sea_orm::DbErr;

pub use crate::store::ledger_head::LedgerHead;

use super::{Keyed, ViewerReader};
use crate::{
    operations::{OperationError, balance::BalanceAt, viewer::Visibility},
    store,
};

/// Asks for an account's balance: now, or at a past instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BalanceOf {
    /// The account.
    pub account: AccountId,
    /// The past instant; `None` for now.
    pub at: Option<Timestamp>,
}

impl Keyed for BalanceOf {
    /// All balances of one batch share its fault.
    type Value = Result<BalanceAt, Arc<OperationError>>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        Ok(match reader.services().balances(keys).await {
            Ok(found) => found.into_iter().map(|(key, at)| (key, Ok(at))).collect(),
            Err(cause) => {
                let cause = Arc::new(cause);
                let failed = keys.iter().map(|key| (*key, Err(Arc::clone(&cause))));
                failed.collect()
            }
        })
    }
}

/// Asks for what an account owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DebtOf(pub AccountId);

impl Keyed for DebtOf {
    type Value = Credits;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.0))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        let debts = store::balance::debts(connection, keys.iter().map(|key| key.0)).await?;
        let found = debts.into_iter();
        Ok(found.map(|(account, debt)| (Self(account), debt)).collect())
    }
}

/// Asks for the head of an account's hash chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerHeadOf(pub AccountId);

impl Keyed for LedgerHeadOf {
    type Value = LedgerHead;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.0))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        let accounts = keys.iter().map(|key| key.0);
        let heads = store::ledger_head::find_all(connection, accounts).await?;
        let found = heads.into_iter();
        Ok(found.map(|(account, head)| (Self(account), head)).collect())
    }
}

/// Asks for the platform's fee for an account in a month, in the minor unit of its currency. A
/// month without a fee has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeeOf {
    /// The account.
    pub account: AccountId,
    /// A day of the month.
    pub month: Date,
}

impl Keyed for FeeOf {
    type Value = i64;

    fn visibility(&self, _: Option<&i64>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(reader: &ViewerReader, keys: &[Self]) -> Result<HashMap<Self, i64>, DbErr> {
        let connection = reader.services().store().reader();
        let asked = keys.iter().map(|key| (key.account, key.month));
        let fees = store::subscription_fee::in_months(connection, asked).await?;
        let fees = fees.into_iter();
        Ok(fees
            .map(|((account, month), fee)| (Self { account, month }, fee))
            .collect())
    }
}
