//! Purchases: the node, its connection, and the mutation that begins one.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, PackageId, PurchaseId};
use entity::{purchase, sql_enums};
use futures_util::FutureExt;

use super::{
    credit_package::CreditPackage,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    money::Money,
    paging::{Nodes, connection},
    request::{UserError, id, optional_id, payload, services, viewer, viewer_of},
    scalars::{Credits, DateTime, WebUrl},
};
use crate::{
    operations::{
        Path, Services,
        purchase::{PurchaseCredits, as_of, price},
    },
    store::{
        self,
        paging::{Place, Window},
    },
};

/// A payment for a package.
#[derive(Debug, Clone)]
pub struct Purchase(pub purchase::Model);

/// A payment for a package, with what it was offered at when it began.
#[Object]
impl Purchase {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        PurchaseId::new(self.0.id).encode()
    }

    /// Where it stands.
    async fn status(&self) -> PurchaseStatus {
        self.0.status.into()
    }

    /// What it buys, on sale or off.
    async fn package(&self, ctx: &Context<'_>) -> Option<Result<CreditPackage, ApiError>> {
        let package = PackageId::new(self.0.package_id);
        let found = loaders::load(ctx, package).await.transpose()?;
        Some(found.map(CreditPackage))
    }

    /// The credits that it buys.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.credits_units)
    }

    /// What it costs.
    async fn price(&self) -> Result<Money, ApiError> {
        Ok(price(&self.0)?.into())
    }

    /// Where the owner approves the charge. Null once it is decided, and if the server no longer uses the payment
    /// provider that it was begun with: such a purchase expires. Null too for whoever may not approve it, if the
    /// address is itself the permission (as the sandbox's is): then only owners and platform administrators see it.
    async fn confirmation_url(&self, ctx: &Context<'_>) -> Option<Result<WebUrl, ApiError>> {
        let url = async {
            let services = services(ctx)?;
            let url = services.confirmation_url(&viewer(ctx)?, &self.0).await?;
            Ok(url.map(|url| WebUrl(url.into())))
        };
        url.await.transpose()
    }

    /// Whether the automatic recharge began it.
    async fn automatic(&self) -> bool {
        self.0.automatic
    }

    /// When it began.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// When it was paid, declined or given up; null while it waits.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime::from_micros)
    }
}

connection!(Purchase, PurchaseConnection, PurchaseEdge, "purchases");

/// A page of an account's purchases.
pub(super) async fn connection(
    services: &Services,
    account: AccountId,
    window: Window,
) -> Result<PurchaseConnection, ApiError> {
    let page = services.purchases(account, window).await?;
    let counting = services.clone();
    Ok(PurchaseConnection(Nodes::new(
        page,
        |row| Place {
            key: row.created_at,
            id: row.id,
        },
        Purchase,
        move || count(counting.clone(), account).boxed(),
    )))
}

async fn count(services: Services, account: AccountId) -> Result<u64, sea_orm::DbErr> {
    store::purchase::count(services.store.reader(), account).await
}

impl Loader<PurchaseId> for Rows {
    type Value = purchase::Model;

    async fn load(
        &self,
        ids: &[PurchaseId],
    ) -> Result<HashMap<PurchaseId, purchase::Model>, LoadError> {
        let now = self.services.clock.now();
        let reader = self.services.store.reader();
        let rows = store::purchase::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees(AccountId::new(row.account_id)))
            .map(|row| (PurchaseId::new(row.id), as_of(row, now)))
            .collect())
    }
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::PurchaseStatus")]
pub enum PurchaseStatus {
    /// The owner has not decided yet.
    Pending,
    /// It was paid, and the credits are there.
    Paid,
    /// The owner said no.
    Declined,
    /// Nobody decided within two days.
    Expired,
    /// The payment provider could not take the payment.
    Failed,
}

/// A package to buy.
#[derive(Debug, InputObject)]
pub struct PurchaseCreditsInput {
    /// For which account; the viewer's own where left out.
    account_id: Option<ID>,
    /// What to buy: a package that is for sale, in the account's currency.
    package_id: ID,
    /// Where the buyer may go on afterwards, with purchase_id appended: an http or https URL of at most
    /// 2,048 bytes, on one of the account's returnOrigins or on this server's own origin.
    return_url: Option<WebUrl>,
    /// 1 to 255 bytes, unique in the account: the same key answers the same purchase as it stands by then.
    idempotency_key: String,
}

/// What purchaseCredits answers.
#[derive(Debug, SimpleObject)]
pub struct PurchaseCreditsPayload {
    /// The purchase; null where it was refused.
    purchase: Option<Purchase>,
    /// Why it was refused; empty where it was begun.
    user_errors: Vec<UserError>,
}

/// The mutation that begins a purchase.
#[derive(Debug, Default)]
pub struct PurchaseMutation;

#[Object]
impl PurchaseMutation {
    /// Starts a one-time payment. An owner approves it at its confirmationUrl; then the credits appear.
    async fn purchase_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to buy.")] input: PurchaseCreditsInput,
    ) -> Result<PurchaseCreditsPayload, ApiError> {
        let viewer = viewer_of(ctx, "purchaseCredits")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let new = PurchaseCredits {
                account: optional_id(account, &Path::input("accountId"), "account")?,
                package: id(&input.package_id, &Path::input("packageId"), "package")?,
                return_url: input.return_url.map(|url| url.0),
                idempotency_key: input.idempotency_key,
            };
            services.purchase_credits(&viewer, new).await
        };
        let (purchase, user_errors) = payload(done.await)?;
        Ok(PurchaseCreditsPayload {
            purchase: purchase.map(Purchase),
            user_errors,
        })
    }
}
