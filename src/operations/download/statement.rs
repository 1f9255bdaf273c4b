//! The parameters of a statement in its link, and the content of its file.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    credits::Credits,
    id::{PackageId, PurchaseId},
    money::Money,
};
use entity::{account, purchase};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        OperationError, Services,
        account::time_zone,
        purchase::{Method, price, transfer::method},
        statement::Statement,
    },
    slug,
};
use crate::{
    clock::whole_micros,
    reports::statement::{PaymentKind, PaymentRow, StatementFile},
    store,
};

/// The parameters of a statement beside its account. The month is one of the account's time zone as
/// it is when the file is downloaded.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StatementClaims {
    /// The first day of the month, ISO 8601.
    statement_of: String,
}

impl StatementClaims {
    pub(super) fn new(statement: &Statement) -> Self {
        Self {
            statement_of: statement.month.to_string(),
        }
    }
}

/// `statement-<account>-2026-11.xlsx`.
pub(super) fn file_name(statement: &Statement) -> String {
    let month = statement.month.strftime("%Y-%m");
    format!("statement-{}-{month}.xlsx", slug(&statement.account.name))
}

impl Services {
    pub(super) async fn statement_file(
        &self,
        account: &account::Model,
        claims: &StatementClaims,
    ) -> Result<StatementFile, OperationError> {
        let statement = self.statement(account, &claims.statement_of).await?;
        let credits = self.month_credits(&statement).await?;
        Ok(StatementFile {
            account_name: account.name.clone(),
            time_zone: time_zone(account)?,
            payments: self.payments_of(&statement).await?,
            month: statement.month,
            from: statement.from,
            to: statement.to,
            one_time_payments: statement.one_time_payments,
            recharges: statement.recharges,
            subscription_fee: statement.subscription_fee,
            refunds: statement.refunds,
            total: statement.total,
            credits,
            generated_at: self.clock().now(),
            as_of: statement.as_of,
        })
    }

    /// What the total is made of, the oldest first.
    async fn payments_of(&self, statement: &Statement) -> Result<Vec<PaymentRow>, OperationError> {
        let reader = self.store().reader();
        let reversed = statement.reversals.iter().map(|reversal| reversal.purchase);
        let reversed: BTreeSet<PurchaseId> = reversed.collect();
        let reversed = store::purchase::find_all(reader, reversed).await?;
        let of_id: BTreeMap<Uuid, &purchase::Model> =
            reversed.iter().map(|row| (row.id, row)).collect();
        let bought = statement.purchases.iter().chain(&reversed);
        let packages: BTreeSet<PackageId> =
            bought.map(|row| PackageId::new(row.package_id)).collect();
        let packages = store::credit_package::find_all(reader, packages).await?;
        let names: BTreeMap<Uuid, String> = packages
            .into_iter()
            .map(|package| (package.id, package.name))
            .collect();
        let name = |row: &purchase::Model| names.get(&row.package_id).cloned().unwrap_or_default();
        let mut rows = Vec::new();
        if statement.subscription_fee.minor() != 0 {
            rows.push(PaymentRow {
                at: statement.from,
                kind: PaymentKind::SubscriptionFee,
                package: String::new(),
                purchase: None,
                credits: None,
                amount: statement.subscription_fee,
            });
        }
        for row in &statement.purchases {
            let kind = match (row.automatic, method(row)) {
                (true, _) => PaymentKind::Recharge,
                (false, Method::Provider) => PaymentKind::OneTime,
                (false, Method::BankTransfer) => PaymentKind::BankTransfer,
            };
            rows.push(PaymentRow {
                at: whole_micros(row.decided_at.unwrap_or(row.created_at)),
                kind,
                package: name(row),
                purchase: Some(PurchaseId::new(row.id)),
                credits: Some(Credits::from_units(row.credits_units)),
                amount: price(row)?,
            });
        }
        for reversal in &statement.reversals {
            let row = of_id.get(&reversal.purchase.uuid());
            rows.push(PaymentRow {
                at: reversal.at,
                kind: PaymentKind::Refund,
                package: row.map(|row| name(row)).unwrap_or_default(),
                purchase: Some(reversal.purchase),
                credits: None,
                amount: Money::new(-reversal.amount.minor(), reversal.amount.currency()),
            });
        }
        rows.sort_by_key(|row| row.at);
        Ok(rows)
    }
}
