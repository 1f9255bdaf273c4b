//! Purchases: the node, its connection, and the mutation that starts one.

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, PackageId, PurchaseId};
use entity::{purchase, sql_enums};

use super::{
    account::{self, Account},
    actor::{self, Actor},
    balance::{self, Balance},
    credit_package::CreditPackage,
    engine::{
        errors::ApiError,
        guard::may_read,
        ids::PublicId,
        loaders,
        new_edges::edge,
        paging::{Nodes, connection},
        request::{
            UserError, id, optional_id, payload, reader, services, viewer, viewer_of, written,
        },
    },
    last_change::PurchaseFilterInput,
    money::Money,
    scalars::{Credits, DateTime, WebUrl},
    sorting::PurchaseSortKey,
};
use crate::operations::{
    purchase::{
        self as purchases, PurchaseCredits, canceling::is_canceled, expires_at,
        listing::AskedPurchases, price, reversed, transfer, updated_at,
    },
    reader::Window,
};

/// A payment for a package.
#[derive(Debug, Clone)]
pub struct Purchase(pub purchase::Model);

/// A payment for a package, with the credits and the price at its beginning. Requires
/// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Purchase {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        PurchaseId::new(self.0.id).encode()
    }

    /// The account that gets the credits.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        account::of(ctx, AccountId::new(self.0.account_id)).await
    }

    /// The current state.
    async fn status(&self) -> PurchaseStatus {
        status(&self.0)
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

    /// How the purchase is paid.
    async fn method(&self) -> PurchaseMethod {
        transfer::method(&self.0).into()
    }

    /// The reference with which the platform confirmed a bank transfer, as its bank shows it. Null
    /// until then, and for other methods. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    async fn confirmed_with(&self, ctx: &Context<'_>) -> Option<Result<&str, ApiError>> {
        match may_read(ctx, "Purchase", "confirmedWith") {
            Ok(()) => self.0.confirmed_with.as_deref().map(Ok),
            Err(refused) => Some(Err(refused)),
        }
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
    async fn failure_reason(&self, ctx: &Context<'_>) -> Option<String> {
        let reason = self.0.reason.as_deref()?;
        Some(written(ctx, reason))
    }

    /// Who began it; null for purchases from before actors were recorded.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor, ApiError>> {
        actor::of(ctx, self.0.account_id, self.0.actor_id)
            .await
            .transpose()
    }

    /// The instant at which it began.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// The instant at which the pending purchase expires if nobody decides until then: two days
    /// after it began, 30 days for a bank transfer. Null if it is not pending.
    async fn expires_at(&self) -> Option<DateTime> {
        expires_at(&self.0).map(DateTime::from)
    }

    /// The instant at which it was paid, declined, canceled or expired; null while it is pending.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime::from_micros)
    }

    /// The instant at which it was canceled; null if it wasn't. A payment that arrives afterwards
    /// makes it PAID all the same.
    async fn canceled_at(&self) -> Option<DateTime> {
        self.0.canceled_at.map(DateTime::from_micros)
    }

    /// The instant of its last change, such as its approval page, its payment or a refund.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }
}

connection!(Purchase, PurchaseConnection, PurchaseEdge, "purchases");

/// A page of an account's purchases.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    filter: Option<PurchaseFilterInput>,
    (sort, window): (PurchaseSortKey, Window),
) -> Result<PurchaseConnection, ApiError> {
    let asked = AskedPurchases {
        changed: filter.into(),
        sort: sort.into(),
    };
    let purchases = reader(ctx)?.purchases(account, asked, window).await?;
    Ok(PurchaseConnection(Nodes::new(purchases, Purchase)))
}

/// The status of a purchase. Rows have no status of their own for canceled ones.
fn status(row: &purchase::Model) -> PurchaseStatus {
    use sql_enums::PurchaseStatus as Stored;
    match row.status {
        Stored::Declined if is_canceled(row) => PurchaseStatus::Canceled,
        Stored::Pending => PurchaseStatus::Pending,
        Stored::Paid => PurchaseStatus::Paid,
        Stored::Declined => PurchaseStatus::Declined,
        Stored::Expired => PurchaseStatus::Expired,
        Stored::Unknown => PurchaseStatus::Unknown,
        Stored::Failed => PurchaseStatus::Failed,
    }
}

/// The status of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PurchaseStatus {
    /// No owner has decided yet.
    Pending,
    /// The purchase was paid, and its credits were added.
    Paid,
    /// An owner declined the charge.
    Declined,
    /// Nobody decided within two days, or no bank transfer was confirmed within 30 days.
    Expired,
    /// The payment provider did not answer, so that the payment may have been taken or not. The
    /// server asks again until it knows.
    Unknown,
    /// The payment provider could not take the payment.
    Failed,
    /// It was canceled with cancelPurchase before it was paid.
    Canceled,
}

/// How a purchase is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "purchases::Method")]
pub enum PurchaseMethod {
    /// With the payment provider: an owner approves the charge at confirmationUrl.
    Provider,
    /// By a transfer to the platform's bank account. There is no confirmationUrl: the platform
    /// confirms the purchase with confirmPurchase once the money has come.
    BankTransfer,
}

/// The package to buy, and how to return afterwards.
#[derive(Debug, InputObject)]
pub struct PurchaseCreditsInput {
    /// The account that gets the credits. If it is left out, the viewer's own account is used;
    /// platform roles must name one.
    account_id: Option<ID>,
    /// The package, which must be for sale in the account's currency.
    package_id: ID,
    /// How it is paid. A bank transfer works even if the server has no payment provider.
    #[graphql(default_with = "PurchaseMethod::Provider")]
    method: PurchaseMethod,
    /// The URL to which the buyer returns, with purchase_id appended: http or https, at most 2,048
    /// bytes, on one of the account's returnOrigins or on this server's origin. Not for bank
    /// transfers.
    return_url: Option<WebUrl>,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments returns
    /// the same purchase in its current state. It ends after 90 days, unless the platform keeps
    /// keys for another time, but not while the purchase is undecided.
    idempotency_key: String,
}

/// The result of purchaseCredits.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct PurchaseCreditsPayload {
    /// The purchase; null if the mutation was refused.
    purchase: Option<Purchase>,
    /// Whether the idempotencyKey had been used before, so that nothing was done now: everything is
    /// shown as it is now. False if the mutation was refused.
    replayed: bool,
    /// Why the mutation was refused; empty if the purchase was begun.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl PurchaseCreditsPayload {
    /// The purchase as an edge of `Account.purchases`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn purchase_edge(&self) -> Option<PurchaseEdge<'_>> {
        let purchase = self.purchase.as_ref()?;
        let row = &purchase.0;
        Some(edge("purchases", Some(row.account_id), purchase, row))
    }
}

/// The bank transfer that has come.
#[derive(Debug, InputObject)]
pub struct ConfirmPurchaseInput {
    /// The purchase, which must be by bank transfer. One that has expired is confirmed too.
    purchase_id: ID,
    /// The reference of the transfer as the bank shows it: one line of 1 to 255 bytes. The same
    /// reference returns the same purchase again, and another one is a CONFLICT.
    reference: String,
}

/// The result of confirmPurchase.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct ConfirmPurchasePayload {
    /// The purchase, which is paid; null if the mutation was refused.
    purchase: Option<Purchase>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl ConfirmPurchasePayload {
    /// The account's balance after the mutation; null if the mutation was refused.
    async fn balance(&self, ctx: &Context<'_>) -> Option<Result<Balance, ApiError>> {
        let account = AccountId::new(self.purchase.as_ref()?.0.account_id);
        Some(balance::balance(ctx, account, None).await)
    }
}

/// The purchase to cancel.
#[derive(Debug, InputObject)]
pub struct CancelPurchaseInput {
    /// The purchase, which must wait for its approval or its bank transfer. One that is canceled
    /// already is returned again.
    purchase_id: ID,
}

/// The result of cancelPurchase.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct CancelPurchasePayload {
    /// The purchase, which is canceled; null if the mutation was refused.
    purchase: Option<Purchase>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl CancelPurchasePayload {
    /// The account's balance after the mutation; null if the mutation was refused.
    async fn balance(&self, ctx: &Context<'_>) -> Option<Result<Balance, ApiError>> {
        let account = AccountId::new(self.purchase.as_ref()?.0.account_id);
        Some(balance::balance(ctx, account, None).await)
    }
}

/// The mutations that start a purchase, confirm one and cancel one.
#[derive(Debug, Default)]
pub struct PurchaseMutation;

#[Object]
impl PurchaseMutation {
    /// Begins a one-time payment for a package. The credits are added once an owner approves it at
    /// its confirmationUrl, or the platform confirms its bank transfer. Requires PLATFORM_ADMIN,
    /// OWNER or MEMBER.
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
                account: optional_id(account),
                package: id(&input.package_id),
                method: input.method.into(),
                return_url: input.return_url.map(|url| url.0),
                idempotency_key: input.idempotency_key,
            };
            services.purchase_credits(&viewer, new).await
        };
        let (begun, user_errors) = payload(done.await)?;
        Ok(PurchaseCreditsPayload {
            replayed: begun.as_ref().is_some_and(|begun| begun.replayed),
            purchase: begun.map(|begun| Purchase(begun.purchase)),
            user_errors,
        })
    }

    /// Cancels a purchase that waits for its approval or its bank transfer, and frees its place
    /// among the unpaid ones. A payment page that the provider can close is closed; a charge that
    /// is approved at the provider all the same, and a transfer that is confirmed later, make the
    /// purchase PAID and add its credits. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER or
    /// MEMBER.
    async fn cancel_purchase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The purchase to cancel.")] input: CancelPurchaseInput,
    ) -> Result<CancelPurchasePayload, ApiError> {
        let viewer = viewer_of(ctx, "cancelPurchase")?;
        let services = services(ctx)?;
        let done = async {
            let purchase = id(&input.purchase_id);
            services.cancel_purchase(&viewer, purchase).await
        };
        let (purchase, user_errors) = payload(done.await)?;
        Ok(CancelPurchasePayload {
            purchase: purchase.map(Purchase),
            user_errors,
        })
    }

    /// Confirms that a bank transfer has come, and adds the credits of its purchase, once. Requires
    /// PLATFORM_ADMIN or ACCOUNT_MANAGER.
    async fn confirm_purchase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The bank transfer that has come.")] input: ConfirmPurchaseInput,
    ) -> Result<ConfirmPurchasePayload, ApiError> {
        let viewer = viewer_of(ctx, "confirmPurchase")?;
        let services = services(ctx)?;
        let done = async {
            let purchase = id(&input.purchase_id);
            services
                .confirm_purchase(&viewer, purchase, &input.reference)
                .await
        };
        let (purchase, user_errors) = payload(done.await)?;
        Ok(ConfirmPurchasePayload {
            purchase: purchase.map(Purchase),
            user_errors,
        })
    }
}
