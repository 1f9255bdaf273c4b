//! Lots: the node, its connection, and the mutations that grant and revoke credits.

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, LotId};
use entity::sql_enums;

use super::{
    account::{self, Account},
    balance::Balance,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        new_edges::edge,
        paging::{Nodes, connection},
        request::{UserError, optional_id, payload, reader, services, viewer_of},
    },
    last_change::CreditLotFilterInput,
    purchase::Purchase,
    scalars::{Credits, Date, DateTime},
    sorting::CreditLotSortKey,
    transaction::Transaction,
};
use crate::operations::{
    lot::{AskedLots, GrantCredits, LotAt, LotParts, LotState, RevokeCredits},
    reader::{LotPartsOf, NoteOf, PurchaseOf, Window},
};

/// Credits that came in together, in their state at an instant.
#[derive(Debug, Clone)]
pub struct CreditLot(pub LotAt);

impl CreditLot {
    fn account_key(&self) -> AccountId {
        AccountId::new(self.0.row.account_id)
    }

    fn key(&self) -> LotId {
        LotId::new(self.0.row.id)
    }

    async fn parts(&self, ctx: &Context<'_>) -> Result<LotParts, ApiError> {
        let of = LotPartsOf {
            account: self.account_key(),
            lot: self.key(),
        };
        Ok(loaders::load(ctx, of).await?.unwrap_or_default())
    }
}

/// Credits that were added together by a purchase, a recharge or a grant, with their own remainder
/// and expiration day. What was granted is the sum of remaining, held, used, expired and revoked.
/// Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl CreditLot {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// How the credits were added.
    async fn source(&self) -> CreditLotSource {
        self.0.row.source.into()
    }

    /// The number of credits that were added.
    async fn granted(&self) -> Credits {
        Credits::from_units(self.0.row.granted_units)
    }

    /// The credits that can still be spent; 0 from the first instant of the expiration day on.
    async fn remaining(&self) -> Credits {
        self.0.remaining().into()
    }

    /// The credits that are held for scheduled messages. They don't expire while they are held.
    async fn held(&self, ctx: &Context<'_>) -> Result<Credits, ApiError> {
        Ok(Credits::from_units(self.parts(ctx).await?.held_units))
    }

    /// The credits that messages have cost, or that paid the account's debt.
    async fn used(&self, ctx: &Context<'_>) -> Result<Credits, ApiError> {
        Ok(self.0.used(&self.parts(ctx).await?).into())
    }

    /// The credits that were left on the expiration day, or that came back from a hold after it.
    async fn expired(&self, ctx: &Context<'_>) -> Result<Credits, ApiError> {
        Ok(self.0.expired(&self.parts(ctx).await?).into())
    }

    /// The credits that the platform took back, or the payment provider with the payment.
    async fn revoked(&self, ctx: &Context<'_>) -> Result<Credits, ApiError> {
        Ok(Credits::from_units(self.parts(ctx).await?.revoked_units))
    }

    /// The reason that the platform gave for a grant; null for credits that were bought.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        if self.0.row.source != sql_enums::LotSource::Grant {
            return Ok(None);
        }
        let of = NoteOf {
            account: self.account_key(),
            lot: self.key(),
        };
        loaders::load(ctx, of).await
    }

    /// The purchase that bought the credits; null if they were granted.
    async fn purchase(&self, ctx: &Context<'_>) -> Result<Option<Purchase>, ApiError> {
        if self.0.row.source == sql_enums::LotSource::Grant {
            return Ok(None);
        }
        let of = PurchaseOf {
            account: self.account_key(),
            lot: self.key(),
        };
        Ok(loaders::load(ctx, of).await?.map(Purchase))
    }

    /// The account that has the credits.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        account::of(ctx, self.account_key()).await
    }

    /// The expiration day: the credits can be used until the end of the day before. Null if they
    /// never expire.
    async fn expires_on(&self) -> Option<Date> {
        self.0.row.expires_on.clone().map(Date)
    }

    /// The first instant of expiresOn in the account's time zone: from then on the credits can't be
    /// used. It moves with the account's time zone until it has come, and stays from then on. If
    /// the day has begun already in the zone that an account changes to, what is left expires with
    /// the change. Null if the credits never expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.row.expires_at.map(DateTime::from_micros)
    }

    /// The current state.
    async fn state(&self, ctx: &Context<'_>) -> Result<CreditLotState, ApiError> {
        // Only a lot without a rest needs its history: everything else its row says.
        let may_have_expired = self.0.is_over() && self.0.row.remaining_units == 0;
        let has_expiry = may_have_expired && self.parts(ctx).await?.expired_units > 0;
        Ok(self.0.state(has_expiry).into())
    }

    /// The instant at which it was added.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.row.created_at)
    }

    /// The instant of the last change of its credits or its expiration. An expiry counts when it is
    /// booked, which is soon after expiresAt.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(self.0.updated_at())
    }
}

connection!(
    CreditLot,
    CreditLotConnection,
    CreditLotEdge,
    "lots of credits"
);

/// A page of an account's lots.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    (state, filter): (Option<CreditLotState>, Option<CreditLotFilterInput>),
    (sort, window): (CreditLotSortKey, Window),
) -> Result<CreditLotConnection, ApiError> {
    let asked = AskedLots {
        state: state.map(Into::into),
        changed: filter.into(),
        sort: sort.into(),
    };
    let lots = reader(ctx)?.lots(account, asked, window).await?;
    Ok(CreditLotConnection(Nodes::new(lots, CreditLot)))
}

/// How the credits of a lot were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::LotSource")]
pub enum CreditLotSource {
    /// A one-time payment bought a package.
    Purchase,
    /// The automatic recharge bought a package.
    AutoRecharge,
    /// The platform gave the credits.
    Grant,
}

/// The state of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "LotState")]
pub enum CreditLotState {
    /// Credits are left to spend.
    Active,
    /// Nothing is left to spend, and nothing has expired: the credits were used, are held, or were
    /// taken back.
    Exhausted,
    /// The expiration day has come while credits were left, or credits came back from a hold after
    /// it.
    Expired,
}

/// The credits to give without payment.
#[derive(Debug, InputObject)]
pub struct GrantCreditsInput {
    /// The account that gets the credits.
    account_id: Option<ID>,
    /// How many; more than zero.
    credits: Credits,
    /// Their expiration day, after today in the account's time zone: they can be used until the end
    /// of the day before. Leave it out and they never expire.
    expires_on: Option<Date>,
    /// The reason, of 1 to 2,000 characters, which the ledger keeps for good: name no person in it.
    note: String,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments returns
    /// the same lot again, and grants nothing. It ends after 90 days, unless the platform keeps
    /// keys for another time.
    idempotency_key: String,
}

/// The result of grantCredits.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct GrantCreditsPayload {
    /// The new lot; null if the mutation was refused.
    lot: Option<CreditLot>,
    /// Whether the idempotencyKey had been used before, so that nothing was done now: everything is
    /// shown as it is now. False if the mutation was refused.
    replayed: bool,
    /// The balance right after the mutation; null if the mutation was refused.
    balance: Option<Balance>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl GrantCreditsPayload {
    /// The new lot as an edge of `Account.lots`, with a cursor of the default order; null if the
    /// mutation was refused.
    async fn lot_edge(&self) -> Option<CreditLotEdge<'_>> {
        let lot = self.lot.as_ref()?;
        Some(edge("lots", Some(lot.0.row.account_id), lot, &lot.0))
    }
}

/// The credits to take back, and why.
#[derive(Debug, InputObject)]
pub struct RevokeCreditsInput {
    /// The account from which the credits are taken.
    account_id: Option<ID>,
    /// The lot from which the credits are taken. If it is left out, the lots that would be spent
    /// first are used.
    lot_id: Option<ID>,
    /// How many; more than zero.
    credits: Credits,
    /// The reason, of 1 to 2,000 characters, which the ledger keeps for good: name no person in it.
    note: String,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments returns
    /// the same revocation again, and revokes nothing. It ends after 90 days, unless the platform
    /// keeps keys for another time.
    idempotency_key: String,
}

/// The result of revokeCredits.
#[derive(Debug, SimpleObject)]
pub struct RevokeCreditsPayload {
    /// The ledger entry; null if the mutation was refused.
    transaction: Option<Transaction>,
    /// Whether the idempotencyKey had been used before, so that nothing was done now: everything is
    /// shown as it is now. False if the mutation was refused.
    replayed: bool,
    /// The balance right after the mutation; null if the mutation was refused.
    balance: Option<Balance>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that grant and revoke credits.
#[derive(Debug, Default)]
pub struct LotMutation;

#[Object]
impl LotMutation {
    /// Gives credits without payment. Requires PLATFORM_ADMIN or ACCOUNT_MANAGER.
    async fn grant_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credits to give.")] input: GrantCreditsInput,
    ) -> Result<GrantCreditsPayload, ApiError> {
        let viewer = viewer_of(ctx, "grantCredits")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let new = GrantCredits {
                account: optional_id(account),
                credits: input.credits.0,
                expires_on: input.expires_on.map(|date| date.0),
                note: input.note,
                idempotency_key: input.idempotency_key,
            };
            services.grant_credits(&viewer, new).await
        };
        let (granted, user_errors) = payload(done.await)?;
        let replayed = granted.as_ref().is_some_and(|granted| granted.replayed);
        let (lot, balance) = granted
            .map(|granted| {
                let at = granted.balance.at;
                (
                    CreditLot(LotAt {
                        row: granted.lot,
                        at,
                    }),
                    Balance::now(granted.balance),
                )
            })
            .unzip();
        Ok(GrantCreditsPayload {
            lot,
            replayed,
            balance,
            user_errors,
        })
    }

    /// Takes back available credits, with a reason. Held credits can't be taken. Requires
    /// PLATFORM_ADMIN or ACCOUNT_MANAGER.
    async fn revoke_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credits to take back.")] input: RevokeCreditsInput,
    ) -> Result<RevokeCreditsPayload, ApiError> {
        let viewer = viewer_of(ctx, "revokeCredits")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let asked = RevokeCredits {
                account: optional_id(account),
                lot: optional_id(input.lot_id.as_ref()),
                credits: input.credits.0,
                note: input.note,
                idempotency_key: input.idempotency_key,
            };
            services.revoke_credits(&viewer, asked).await
        };
        let (revoked, user_errors) = payload(done.await)?;
        let replayed = revoked.as_ref().is_some_and(|revoked| revoked.replayed);
        let (transaction, balance) = revoked
            .map(|revoked| {
                (
                    Transaction(revoked.transaction),
                    Balance::now(revoked.balance),
                )
            })
            .unzip();
        Ok(RevokeCreditsPayload {
            transaction,
            replayed,
            balance,
            user_errors,
        })
    }
}
