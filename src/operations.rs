//! What users can do, one file a noun: check the input, then act. The root fields first ask
//! [`policy`] whether the viewer's role may use them; operations check that the viewer may see each
//! row.
//!
//! Here: the rules for permission and validity, and the order of the steps. Not here: the API
//! ([`crate::graphql`], [`crate::http`]), queries ([`crate::store`]) and the books
//! ([`crate::ledger`]).

pub mod access_token;
pub mod account;
pub mod actor;
pub mod allocation;
pub mod api_key;
pub mod audience;
pub mod auto_recharge;
mod backlog;
pub mod balance;
pub mod balance_changes;
mod change_hints;
mod changes;
mod coalesced_reads;
pub mod contact;
pub mod contact_import;
pub mod contact_list;
pub mod credit_package;
mod departure;
pub mod download;
pub mod forecast;
pub mod idempotency;
mod identity;
pub mod input;
mod invisible;
pub mod last_change;
pub mod lot;
pub mod message;
mod message_changes;
pub mod monthly_report;
pub mod payment;
pub mod payment_connection;
pub mod personal;
pub mod phone_number;
pub mod policy;
pub mod pricing;
pub mod purchase;
pub mod quotas;
pub mod quote;
pub mod rate_card;
pub mod reader;
pub mod refusal;
mod report_source;
pub mod retention;
pub mod segmentation;
pub mod server_secret;
pub mod setting_change;
pub mod settlement;
pub mod statement;
mod together;
pub mod transaction;
pub mod usage_report;
pub mod usage_rollup;
pub mod viewer;
pub mod webhook;

use std::sync::Arc;

use domain::id::AccountId;
use entity::{account as accounts, purchase as purchases, rate_card as rate_cards};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::{
    api_key::KeyUses, backlog::Backlog, changes::Changes, coalesced_reads::CoalescedReads,
    contact_import::Imports, payment_connection::Renewals, quotas::Allowances,
    rate_card::RateCards, retention::Retention, viewer::Visibility,
};
pub use self::{
    reader::ViewerReader,
    refusal::{Fault, OperationError, Path, Refusal, RefusalCode},
    viewer::Viewer,
};
pub use crate::store::Standing;
use crate::{
    clock::Clock,
    fair::Line,
    ledger::Ledger,
    openid,
    payments::{Approval, Providers},
    store::{self, Store, account::Charged, sql::replica::Replica},
    vault::Vault,
};

/// The operations, over shared parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    parts: Parts,
    reads: CoalescedReads,
    rate_cards: RateCards,
    scans: Line<AccountId>,
    merge_fields: contact::MergeFields,
    allowances: Allowances,
    imports: Imports,
    key_uses: KeyUses,
    renewals: Renewals,
    changes: Arc<Changes>,
    backlog: Backlog,
}

/// The parts of [`Services`].
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// A replica of the database that reports are read from.
    pub replica: Option<Replica>,
    /// The ledger: the only way to change the books.
    pub ledger: Ledger,
    /// The payment providers.
    pub payments: Providers,
    /// The keys that secrets are encrypted with.
    pub vault: Vault,
    /// What is erased after which time.
    pub retention: Retention,
    /// The clock that operations read the time from.
    pub clock: Clock,
    /// SHA-256 of the server's own admin key, if one is configured.
    pub admin_key_hash: Option<[u8; 32]>,
    /// The public address of this server, with which links begin.
    pub public_url: Url,
    /// The OpenID provider whose tokens are accepted, if there is one.
    pub openid: Option<openid::Provider>,
    /// Whether the operator gave the server trusted documents.
    pub has_trusted_documents: bool,
    /// Imports that run at once; a workbook counts as two.
    pub imports: usize,
    /// Cancelled when the server starts to drain.
    pub stop: CancellationToken,
}

impl Services {
    /// Creates the operations over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        backlog::register();
        payment::register(&parts.payments);
        webhook::register(&parts.payments);
        contact_import::register();
        Self(Arc::new(Inside {
            reads: CoalescedReads::new(&parts.store, &parts.clock),
            rate_cards: RateCards::default(),
            scans: personal::scans(),
            merge_fields: contact::MergeFields::default(),
            allowances: Allowances::default(),
            imports: Imports::new(parts.imports),
            key_uses: KeyUses::default(),
            renewals: Renewals::default(),
            changes: Arc::default(),
            backlog: Backlog::default(),
            parts,
        }))
    }

    /// The reader of one viewer, from which resolvers get every row.
    #[must_use]
    pub fn reader(&self, viewer: Viewer) -> ViewerReader {
        ViewerReader::new(self.clone(), viewer)
    }

    /// The clock of the server.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    /// The address at which clients reach this server; links begin with it.
    #[must_use]
    pub fn public_url(&self) -> &Url {
        &self.0.parts.public_url
    }

    /// What the database is to this program now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn standing(&self) -> Result<Standing, DbErr> {
        store::standing(self.store()).await
    }

    /// What is missing of a cluster that the tables are distributed over, each in a sentence for
    /// the operator; nothing on other databases.
    ///
    /// # Errors
    /// The database's error.
    pub async fn missing_parts(&self) -> Result<Vec<String>, DbErr> {
        store::missing_parts(self.store()).await
    }

    /// Whether this process is to run the jobs now. If that can't be found out, it tries them, and
    /// they report why.
    pub async fn leads_jobs(&self) -> bool {
        let leads = store::job_lease::leads(self.store()).await;
        leads.unwrap_or(true)
    }

    /// The name of the payment provider if it charges nobody, so that credits cost nothing.
    #[must_use]
    pub fn free_provider(&self) -> Option<&'static str> {
        let selling = self.payments().selling();
        let free = selling.filter(|provider| !provider.is_real());
        free.map(|provider| provider.name())
    }

    // For operations alone: every other module reads through `reader`.

    fn store(&self) -> &Store {
        &self.0.parts.store
    }

    fn replica(&self) -> Option<&Replica> {
        self.0.parts.replica.as_ref()
    }

    fn ledger(&self) -> &Ledger {
        &self.0.parts.ledger
    }

    fn payments(&self) -> &Providers {
        &self.0.parts.payments
    }

    fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    fn changes(&self) -> &Arc<Changes> {
        &self.0.changes
    }

    fn renewals(&self) -> &Renewals {
        &self.0.renewals
    }

    /// Whether a purchase is approved on a page of this server, so that knowing its address
    /// suffices (law R1).
    fn is_approved_here(&self, row: &purchases::Model) -> bool {
        let provider = self.payments().named(&row.provider);
        provider.is_some_and(|provider| provider.approval() == Approval::OwnPage)
    }

    fn admin_key_hash(&self) -> Option<&[u8; 32]> {
        self.0.parts.admin_key_hash.as_ref()
    }

    fn stop(&self) -> &CancellationToken {
        &self.0.parts.stop
    }

    /// The imports of contacts that this process runs.
    #[must_use]
    pub fn imports(&self) -> &Imports {
        &self.0.imports
    }

    /// The account that an operation is for: `id`, or the viewer's own if it is `None`.
    ///
    /// # Errors
    /// `NotFound` at `path` if the account doesn't exist or isn't the viewer's. `Invalid` if a
    /// platform key names no account.
    pub async fn account_for(
        &self,
        viewer: &Viewer,
        id: Option<AccountId>,
        path: &Path,
    ) -> Result<accounts::Model, OperationError> {
        let (account, _) = self.found_account(viewer, id, path).await?;
        Ok(account)
    }

    /// Like [`Self::account_for`], with the current version of the account's rate card.
    ///
    /// # Errors
    /// The refusals of [`Self::account_for`]. A fault if the account has no rate card.
    pub(crate) async fn charged_account_for(
        &self,
        viewer: &Viewer,
        id: Option<AccountId>,
        path: &Path,
    ) -> Result<(accounts::Model, rate_cards::Model), OperationError> {
        let (account, card) = self.found_account(viewer, id, path).await?;
        let card = match card {
            Some(card) => card,
            None => {
                let id = AccountId::new(account.id);
                self.rate_card_in_force(id, self.clock().now()).await?
            }
        };
        Ok((account, card))
    }

    async fn found_account(
        &self,
        viewer: &Viewer,
        id: Option<AccountId>,
        path: &Path,
    ) -> Result<Charged, OperationError> {
        let id = sought_account(viewer, id, path)?;
        let account = self.0.reads.accounts.load(id).await?;
        account.ok_or_else(|| path.not_found(text!("account")).into())
    }
}

/// The account that an operation is for: `id`, or the viewer's own if it is `None`. It may not
/// exist.
///
/// # Errors
/// `NotFound` at `path` if the account isn't the viewer's. `Invalid` if a platform key names no
/// account.
fn sought_account(
    viewer: &Viewer,
    id: Option<AccountId>,
    path: &Path,
) -> Result<AccountId, OperationError> {
    match (id, viewer.account) {
        (Some(id), _) if viewer.may_see(Visibility::Account(id)) => Ok(id),
        (None, Some(own)) => Ok(own),
        (Some(_), _) => Err(path.not_found(text!("account")).into()),
        (None, None) => Err(path
            .invalid(text!("Say which account: a platform key has none."))
            .into()),
    }
}
