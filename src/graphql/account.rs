//! Accounts: the node and its connection.
//!
//! Not here: the root fields that read accounts ([`query`]), the mutations ([`mutation`]), and what
//! can be chosen for an account ([`settings`]).

mod mutation;
mod query;
mod settings;

use async_graphql::{Context, ID, Object};
use domain::id::AccountId;
use entity::account;

pub(super) use self::query::connection;
pub use self::{
    mutation::AccountMutation,
    query::AccountQuery,
    settings::{ConsumptionOrder, Settlement},
};
use super::{
    actor::{self, Actor},
    api_key::{self, ApiKeyConnection},
    auto_recharge::AutoRecharge,
    balance::{self, Balance},
    contact_list::{self, ContactListConnection},
    engine::{
        errors::ApiError,
        guard::{by_itself, edges},
        ids::PublicId,
        loaders,
        paging::{connection, sorted, window},
        request::services,
    },
    forecast::Forecast,
    last_change::{
        ApiKeyFilterInput, ContactListFilterInput, CreditLotFilterInput, PurchaseFilterInput,
    },
    ledger_head::{self, LedgerHead},
    lot::{self, CreditLotConnection, CreditLotState},
    message::{self, MessageConnection, MessageFilterInput, ScheduledMessageFilterInput},
    money::Money,
    monthly_report::{self, MonthlyReportConnection, MonthlyReportSchedule},
    payment_connection::{self, PaymentConnection},
    purchase::{self, PurchaseConnection},
    rate_card::RateCard,
    scalars::{Credits, CurrencyCode, Date, DateTime, TimeZone},
    setting_change::{self, SettingChangeConnection, SettingChangeFilterInput},
    sorting::{
        ApiKeySortKey, ContactListSortKey, CreditLotSortKey, MessageSortKey, PurchaseSortKey,
    },
    statement::Statement,
    transaction::{self, TransactionConnection, TransactionFilterInput},
    usage_report::{self, Interval, UsageReport},
};
use crate::operations::{
    Fault,
    account::{currency, updated_at},
    message::MessageFilter,
    policy::of,
    purchase::return_url::origins_of,
    reader::{DebtOf, FeeOf},
};

/// One customer of the platform.
#[derive(Debug, Clone)]
pub struct Account(pub account::Model);

impl Account {
    pub(super) fn key(&self) -> AccountId {
        AccountId::new(self.0.id)
    }
}

/// One customer of the platform, such as a shop or a company.
#[Object(guard = edges(of::Account))]
impl Account {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// The name that people see.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The IANA time zone in which the account's days and months begin: for expiry, reports,
    /// statements and the recharge limit. Europe/Rome unless set.
    async fn time_zone(&self) -> TimeZone {
        TimeZone(self.0.time_zone.clone())
    }

    /// The ISO 4217 code of the currency in which the account pays.
    async fn currency_code(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency_code.clone())
    }

    /// The order in which the account's lots are spent.
    async fn consumption_order(&self) -> ConsumptionOrder {
        self.0.consumption_order.into()
    }

    /// Who settles the account's scheduled messages: the server at sendAt, or the platform's
    /// sending service by what it reports. Only PLATFORM_ADMIN changes it.
    async fn settlement(&self) -> Settlement {
        self.0.settlement.into()
    }

    /// The origins, such as https://shop.example, to which buyers may return after deciding on a
    /// purchase. This server's own origin is always allowed. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn return_origins(&self) -> Vec<&str> {
        origins_of(&self.0).collect()
    }

    /// The platform's fee for the present month of the account's time zone. Only PLATFORM_ADMIN
    /// changes it. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn subscription_fee(&self, ctx: &Context<'_>) -> Result<Money, ApiError> {
        let fee = FeeOf {
            account: self.key(),
            month: services(ctx)?.present_month(&self.0)?,
        };
        let minor = loaders::load(ctx, fee).await?.unwrap_or_default();
        Ok(domain::money::Money::new(minor, currency(&self.0)?).into())
    }

    /// The months after which the names and texts of messages are erased, counted from their
    /// sendAt, and what imports kept of their files: the account's own, or the platform's. Null if
    /// they are kept for good. Only PLATFORM_ADMIN changes it. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn retention_months(&self, ctx: &Context<'_>) -> Result<Option<i32>, ApiError> {
        let months = services(ctx)?.retention_months(&self.0);
        Ok(months.map(|months| i32::try_from(months).unwrap_or(i32::MAX)))
    }

    /// The instant of the last change of the account's own settings, such as its name, its time
    /// zone or its fee. Balances, lists, keys and the automatic recharge change without it.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }

    /// The newest version of the account's rate card, by which messages are charged now.
    async fn rate_card(&self, ctx: &Context<'_>) -> Result<RateCard, ApiError> {
        let services = services(ctx)?;
        Ok(RateCard(
            services
                .rate_card_in_force(self.key(), services.clock().now())
                .await?,
        ))
    }

    /// The balance now, or at a past instant.
    async fn balance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A past instant. If it is left out, the balance is the present one.")] at: Option<DateTime>,
    ) -> Result<Balance, ApiError> {
        balance::balance(ctx, self.key(), at).await
    }

    /// The credits that the account owes, zero or more: credits that it used and whose payment was
    /// taken back. The next purchase or recharge pays them first. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn debt(&self, ctx: &Context<'_>) -> Result<Credits, ApiError> {
        let debt = loaders::load(ctx, DebtOf(self.key())).await?;
        let lost = || ApiError::internal(Fault::Broken("an account has no book".into()));
        Ok(debt.ok_or_else(lost)?.into())
    }

    /// What becomes of the available credits at the present pace. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn forecast(&self, ctx: &Context<'_>) -> Result<Forecast, ApiError> {
        Ok(Forecast(services(ctx)?.forecast(&self.0).await?))
    }

    /// The last entry of the account's ledger: its number and its hash, which covers every entry
    /// before it. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    async fn ledger_head(&self, ctx: &Context<'_>) -> Result<LedgerHead, ApiError> {
        ledger_head::ledger_head(ctx, self.key()).await
    }

    /// The account's contact lists: those in use, or archived ones.
    async fn lists(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Returns only those whose name contains this text, ignoring case in every script; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<ContactListFilterInput>,
        #[graphql(
            default,
            desc = "Returns archived lists, which restoreContactList takes, instead of those in use."
        )]
        archived: bool,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: ContactListSortKey,
    ) -> Result<ContactListConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        let which = (archived, search);
        let paged = (sort_key, window);
        contact_list::connection(ctx, self.key(), which, filter.into(), paged).await
    }

    /// The account's lots of credits. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns only lots in this state.")] state: Option<CreditLotState>,
        #[graphql(desc = "Further conditions that the returned nodes meet.")] filter: Option<
            CreditLotFilterInput,
        >,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: CreditLotSortKey,
    ) -> Result<CreditLotConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        lot::connection(ctx, self.key(), (state, filter), (sort_key, window)).await
    }

    /// The account's messages.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<MessageFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: MessageSortKey,
    ) -> Result<MessageConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        message::connection(
            ctx,
            MessageFilter::of(self.key()),
            filter,
            (sort_key, window),
        )
        .await
    }

    /// Its messages that are SCHEDULED, by sendAt, soonest first; at most 10,000 at a time.
    async fn scheduled_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<ScheduledMessageFilterInput>,
    ) -> Result<MessageConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        message::scheduled(ctx, self.key(), filter, window).await
    }

    /// The account's ledger entries, newest first. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER,
    /// MEMBER or VIEWER.
    async fn transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<TransactionFilterInput>,
    ) -> Result<TransactionConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        transaction::connection(ctx, self.key(), filter, window).await
    }

    /// The account's purchases. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn purchases(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<PurchaseFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: PurchaseSortKey,
    ) -> Result<PurchaseConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        purchase::connection(ctx, self.key(), filter, (sort_key, window)).await
    }

    /// The account's API keys, including revoked ones. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or
    /// OWNER.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<ApiKeyFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: ApiKeySortKey,
    ) -> Result<ApiKeyConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        let paged = (sort_key, window);
        api_key::connection(ctx, Some(self.key()), filter.into(), paged).await
    }

    /// The API keys and users that have done something in the account, each key with whom it acted
    /// for: what usage, messages, transactions and changes of settings can be restricted to. The
    /// newest keys first, then by label, then users; a key is there once for itself and once for
    /// each label. An account's viewer gets the account's own keys and users. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn actors(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100, desc = "How many: 1 to 500.")] first: i32,
    ) -> Result<Vec<Actor>, ApiError> {
        actor::of_account(ctx, self.key(), first).await
    }

    /// The account's usage in a period: the report that `usageReport` returns for it, in its time
    /// zone. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first instant of the period.")] from: DateTime,
        #[graphql(
            desc = "The first instant after the period. A period is at most ten years long."
        )]
        to: DateTime,
        #[graphql(
            default_with = "Interval::Day",
            desc = "The length of the intervals, of which the period may have at most 5,000."
        )]
        interval: Interval,
    ) -> Result<UsageReport, ApiError> {
        usage_report::nested(ctx, self.0.clone(), None, (&from, &to), interval).await
    }

    /// The changes of the account's settings, lists and API keys, newest first. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    async fn setting_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<SettingChangeFilterInput>,
    ) -> Result<SettingChangeConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        setting_change::connection(ctx, Some(self.key()), filter, window).await
    }

    /// The account's monthly reports, newest first. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn monthly_reports(
        &self,
        ctx: &Context<'_>,
    ) -> Result<MonthlyReportConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        monthly_report::connection(ctx, self.key(), window).await
    }

    /// The settings of the account's monthly reports. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn monthly_report_schedule(
        &self,
        ctx: &Context<'_>,
    ) -> Result<MonthlyReportSchedule, ApiError> {
        monthly_report::schedule(ctx, self.key()).await
    }

    /// The settings and state of the automatic recharge. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn auto_recharge(&self, ctx: &Context<'_>) -> Result<AutoRecharge, ApiError> {
        Ok(AutoRecharge(services(ctx)?.auto_recharge(&self.0).await?))
    }

    /// The account's connection to the payment provider; null if there is none. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    #[graphql(guard = by_itself())]
    async fn payment_connection(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<PaymentConnection, ApiError>> {
        payment_connection::of_account(ctx, self.key()).await
    }

    /// The bill of one calendar month of the account's time zone, and what became of the credits in
    /// it. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn statement(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Any date within the month.")] month: Date,
    ) -> Result<Statement, ApiError> {
        let statement = services(ctx)?.statement(&self.0, &month.0).await?;
        Ok(Statement(statement))
    }
}

connection!(Account, AccountConnection, AccountEdge, "accounts");

/// The account that something belongs to.
pub(super) async fn of(ctx: &Context<'_>, account: AccountId) -> Result<Account, ApiError> {
    let row = loaders::load(ctx, account).await?;
    row.map(Account).ok_or(ApiError::NotFound)
}
