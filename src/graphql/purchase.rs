//! Purchases: the node, its connection, and the mutation that starts one.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, PackageId, PurchaseId};
use entity::{purchase, sql_enums};

use super::{
    credit_package::CreditPackage,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        paging::{Nodes, connection},
        request::{UserError, id, optional_id, payload, reader, services, viewer, viewer_of},
    },
    money::Money,
    scalars::{Credits, DateTime, WebUrl},
};
use crate::operations::{
    Path,
    purchase::{PurchaseCredits, price, reversed},
    reader::Window,
};

/// A payment for a package.
#[derive(Debug, Clone)]
pub struct Purchase(pub purchase::Model);

/// A payment for a package, with the credits and the price at its beginning.
#[Object]
impl Purchase {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        PurchaseId::new(self.0.id).encode()
    }

    /// The current state.
    async fn status(&self) -> PurchaseStatus {
        self.0.status.into()
    }

    /// The package, which may be archived by now.
    async fn package(&self, ctx: &Context<'_>) -> Option<Result<CreditPackage, ApiError>> {
        let package = PackageId::new(self.0.package_id);
        let found = loaders::load(ctx, package).await.transpose()?;
        Some(found.map(CreditPackage))
    }

    /// The number of credits that are bought.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.credits_units)
    }

    /// The price of the package.
    async fn price(&self) -> Result<Money, ApiError> {
        Ok(price(&self.0)?.into())
    }

    /// The URL at which the owner approves the charge. Null once the purchase is decided, if its
    /// payment provider is no longer used (then it expires), and for viewers who may not approve it
    /// if the URL itself is the permission, as with the sandbox.
    async fn confirmation_url(&self, ctx: &Context<'_>) -> Option<Result<WebUrl, ApiError>> {
        let url = async {
            let services = services(ctx)?;
            let url = services.confirmation_url(&viewer(ctx)?, &self.0).await?;
            Ok(url.map(|url| WebUrl(url.into())))
        };
        url.await.transpose()
    }

    /// Whether the automatic recharge began the purchase.
    async fn automatic(&self) -> bool {
        self.0.automatic
    }

    /// The part of the price that the payment provider has taken back: refunds and chargebacks. Its
    /// share of the credits is revoked, or owed if it was used. Zero if nothing was taken back.
    async fn reversed(&self) -> Result<Money, ApiError> {
        Ok(reversed(&self.0)?.into())
    }

    /// Why the purchase was declined or failed, in words for the owner; null for other purchases,
    /// or if the payment provider gave no reason.
    async fn failure_reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The instant at which it began.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// The instant at which it was paid, declined or expired; null while it is pending.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime::from_micros)
    }
}

connection!(Purchase, PurchaseConnection, PurchaseEdge, "purchases");

/// A page of an account's purchases.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    window: Window,
) -> Result<PurchaseConnection, ApiError> {
    let purchases = reader(ctx)?.purchases(account, window).await?;
    Ok(PurchaseConnection(Nodes::new(purchases, Purchase)))
}

/// The status of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::PurchaseStatus")]
pub enum PurchaseStatus {
    /// No owner has decided yet.
    Pending,
    /// The purchase was paid, and its credits were added.
    Paid,
    /// An owner declined the charge.
    Declined,
    /// Nobody decided within two days.
    Expired,
    /// The payment provider did not answer, so that the payment may have been taken or not. The
    /// server asks again until it knows.
    Unknown,
    /// The payment provider could not take the payment.
    Failed,
}

/// The package to buy, and how to return afterwards.
#[derive(Debug, InputObject)]
pub struct PurchaseCreditsInput {
    /// The account that gets the credits. If it is left out, the viewer's own account is used;
    /// platform roles must name one.
    account_id: Option<ID>,
    /// The package, which must be for sale in the account's currency.
    package_id: ID,
    /// The URL to which the buyer returns, with purchase_id appended: http or https, at most 2,048
    /// bytes, on one of the account's returnOrigins or on this server's origin.
    return_url: Option<WebUrl>,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments returns
    /// the same purchase in its current state.
    idempotency_key: String,
}

/// The result of purchaseCredits.
#[derive(Debug, SimpleObject)]
pub struct PurchaseCreditsPayload {
    /// The purchase; null if the mutation was refused.
    purchase: Option<Purchase>,
    /// Why the mutation was refused; empty if the purchase was begun.
    user_errors: Vec<UserError>,
}

/// The mutation that starts a purchase.
#[derive(Debug, Default)]
pub struct PurchaseMutation;

#[Object]
impl PurchaseMutation {
    /// Begins a one-time payment for a package. The credits are added once an owner approves it at
    /// its confirmationUrl.
    async fn purchase_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The package to buy.")] input: PurchaseCreditsInput,
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
