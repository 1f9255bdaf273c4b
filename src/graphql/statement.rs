//! Statements: an account's bill for a month, and the credits behind it.

use async_graphql::{Context, Object, SimpleObject};
use domain::statement::MonthCredits;

use super::{
    engine::{
        errors::ApiError,
        request::{services, viewer},
    },
    money::Money,
    purchase::Purchase,
    scalars::{Credits, Date, DateTime, WebUrl},
    usage_report::Download,
};
use crate::operations::statement;

/// The bill of a month.
#[derive(Debug)]
pub struct Statement(pub statement::Statement);

/// The bill of one calendar month: what was paid and taken back from its first instant to the next
/// month's, in the account's time zone, and the platform's fee. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Statement {
    /// The first day of the month.
    async fn month(&self) -> Date {
        Date(self.0.month.to_string())
    }

    /// The sum of the one-time payments, bank transfers included.
    async fn one_time_payments(&self) -> Money {
        self.0.one_time_payments.into()
    }

    /// The sum of the automatic recharges.
    async fn recharges(&self) -> Money {
        self.0.recharges.into()
    }

    /// The platform's fee for the month; 0 for months before it was first set.
    async fn subscription_fee(&self) -> Money {
        self.0.subscription_fee.into()
    }

    /// The refunds and chargebacks that payment providers reported in the month, of payments of any
    /// month.
    async fn refunds(&self) -> Money {
        self.0.refunds.into()
    }

    /// oneTimePayments + recharges + subscriptionFee - refunds. It may be negative.
    async fn total(&self) -> Money {
        self.0.total.into()
    }

    /// The purchases that were paid, oldest first.
    async fn purchases(&self) -> Vec<Purchase> {
        self.0.purchases.iter().cloned().map(Purchase).collect()
    }

    /// The instant whose state of the database the statement shows. It is now, unless the month has
    /// ended and the server reads statements from a replica.
    async fn as_of(&self) -> DateTime {
        self.0.as_of.into()
    }

    /// What became of the account's credits in the month, until now if it has not ended. Null if it
    /// has not begun.
    async fn credits(&self, ctx: &Context<'_>) -> Option<Result<StatementCredits, ApiError>> {
        let credits = async {
            let credits = services(ctx)?.month_credits(&self.0).await?;
            Ok(credits.map(StatementCredits::from))
        };
        credits.await.transpose()
    }

    /// A link to the statement as an Excel workbook (.xlsx). It needs no header and works for 15
    /// minutes, or until the API key or the token that asked for it no longer works. The file has
    /// the figures of the moment at which it is downloaded.
    async fn download(&self, ctx: &Context<'_>) -> Result<Download, ApiError> {
        let link = services(ctx)?
            .statement_link(&viewer(ctx)?, &self.0)
            .await?;
        Ok(Download {
            url: WebUrl(link.url.into()),
            file_name: link.file_name,
            expires_at: link.expires_at.into(),
        })
    }
}

/// The credits of a month, available and held together: opening + purchased + recharged + granted -
/// spent - expired - revoked - chargedBack - debtPaid = closing, to the last digit. The closing of
/// a month is the opening of the next. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
/// VIEWER.
#[derive(Debug, SimpleObject)]
pub struct StatementCredits {
    /// The balance before the month's first instant.
    opening: Credits,
    /// Credits bought with one-time payments.
    purchased: Credits,
    /// Credits bought by the automatic recharge.
    recharged: Credits,
    /// Credits that the platform granted.
    granted: Credits,
    /// Credits that messages cost. Those of a scheduled message are spent when it is settled.
    spent: Credits,
    /// Credits whose expiration day came.
    expired: Credits,
    /// Credits that the platform took back.
    revoked: Credits,
    /// Credits taken back because their payment was.
    charged_back: Credits,
    /// Credits taken from new ones to pay what the account owed after a chargeback.
    debt_paid: Credits,
    /// The balance at the month's end, or the present one if the month has not ended.
    closing: Credits,
}

impl From<MonthCredits> for StatementCredits {
    fn from(month: MonthCredits) -> Self {
        Self {
            opening: month.opening.into(),
            purchased: month.purchased.into(),
            recharged: month.recharged.into(),
            granted: month.granted.into(),
            spent: month.spent.into(),
            expired: month.expired.into(),
            revoked: month.revoked.into(),
            charged_back: month.charged_back.into(),
            debt_paid: month.debt_paid.into(),
            closing: month.closing.into(),
        }
    }
}
