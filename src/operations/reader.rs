//! Reads rows for one viewer: the one place that applies the viewer's filter.
//!
//! Here: what a reader is, and how it filters values by key and pages of lists. Each key type and
//! each list states who sees its rows, so one without such a statement doesn't compile. Not here:
//! the key types ([`rows`], [`parts`], [`of_account`], [`of_lot`], [`of_message`]) and the lists
//! ([`lists`]); which fields a role may read ([`super::policy`]).

mod lists;
mod of_account;
mod of_actor;
mod of_lot;
mod of_message;
mod of_usage;
mod parts;
mod placed;
mod rows;

pub use lists::AllRateCards;
pub(super) use lists::{Contacts, Imports, Kept, MonthlyReports};
pub use of_account::{BalanceOf, DebtOf, FeeOf, LedgerHead, LedgerHeadOf};
pub use of_actor::ActorOf;
pub use of_lot::{LotPartsOf, NoteOf, PurchaseOf};
pub use of_message::MediaOf;
pub use of_usage::UsageOf;
pub(super) use parts::WholeMessage;
pub use parts::{
    AllocationOf, DepartedOf, DestinationsOf, LinesOf, PostedLotsOf, PostingsOf, TextOf,
};
pub use placed::Placed;

use std::{collections::HashMap, fmt, hash::Hash, sync::Arc};

use domain::id::AccountId;
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;

use super::{OperationError, Services, Viewer, policy::roles_of, viewer::Visibility};
pub use crate::store::sql::{
    paging::{Page, Place, Scope, Window},
    turns::Turns,
};
use crate::store::sql::{reader::Reader, siblings::Siblings};

/// Reads rows for one viewer. Rows that the viewer does not see are not there for it.
#[derive(Debug, Clone)]
pub struct ViewerReader {
    services: Services,
    viewer: Viewer,
    pages: Arc<Pages>,
}

/// What pages and counts are read over: those of sibling fields together.
pub type Pages = Siblings<Arc<Reader>>;

/// A row that belongs to an account or to the platform.
pub trait Owned {
    /// Who sees it.
    fn visibility(&self) -> Visibility;

    /// Whether it is an account's own.
    fn belongs_to(&self, account: AccountId) -> bool {
        self.visibility() == Visibility::Account(account)
    }
}

/// A key by which a viewer reads a value: the id of a row, or a question about one.
pub trait Keyed: Copy + Eq + Hash + Send + Sync + 'static {
    /// The value of a key.
    type Value: Clone + Send + 'static;

    /// The most keys of one batch. Each is a parameter of a statement, and SQLite takes 32,766 of
    /// them.
    const MAX_KEYS: usize = 1_000;

    /// The bytes that a value counts towards the request's limit of text read.
    fn bytes(_: &Self::Value) -> usize {
        0
    }

    /// Who sees the value. It is asked twice: before the value is read, when only a key that names
    /// its account can answer, and with the value.
    fn visibility(&self, value: Option<&Self::Value>) -> Option<Visibility>;

    /// Reads the values of the keys that have one, whoever sees them. Each key appears once.
    fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> impl Future<Output = Result<HashMap<Self, Self::Value>, DbErr>> + Send;
}

/// A list of rows, of which a viewer reads pages.
pub trait Listed: Clone + fmt::Debug + Send + Sync + 'static {
    /// A row of the list.
    type Row: Send;

    /// Who sees the list.
    fn visibility(&self) -> Visibility;

    /// The place of a row in the list.
    fn place(&self, row: &Self::Row) -> Place;

    /// Reads a page, whoever sees it. The window is not in reverse.
    fn page(
        &self,
        services: &Services,
        pages: &Pages,
        window: Window,
    ) -> impl Future<Output = Result<Page<Self::Row>, DbErr>> + Send;

    /// Counts the whole list, whoever sees it.
    fn count(&self, pages: &Pages) -> impl Future<Output = Result<u64, DbErr>> + Send;
}

/// Counts a whole list when it is called.
pub type Counter = Arc<dyn Fn() -> BoxFuture<'static, Result<u64, OperationError>> + Send + Sync>;

/// A page of a list, with the count of the whole list for whoever asks for it.
pub struct Listing<M> {
    /// The rows, each with its place in the list.
    pub rows: Vec<(Place, M)>,
    /// Whether there are rows after them.
    pub has_next: bool,
    /// Whether there are rows before them.
    pub has_previous: bool,
    /// The list that the places are of.
    pub scope: Scope,
    /// Counts the whole list.
    pub count: Counter,
}

impl ViewerReader {
    pub(super) fn new(services: Services, viewer: Viewer) -> Self {
        let reader = Arc::new(services.store().reader().clone());
        Self {
            services,
            viewer,
            pages: Arc::new(Siblings::over(reader)),
        }
    }

    /// The viewer for whom it reads.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// The values of several keys, without those that the viewer does not see.
    pub async fn by_keys<K: Keyed>(&self, keys: &[K]) -> Result<HashMap<K, K::Value>, DbErr> {
        let may_be_seen = |key: &&K| {
            let stated = key.visibility(None);
            stated.is_none_or(|visibility| self.viewer.may_see(visibility))
        };
        let keys: Vec<K> = keys.iter().filter(may_be_seen).copied().collect();
        let mut found = K::read(self, &keys).await?;
        found.retain(|key, value| {
            let stated = key.visibility(Some(value));
            stated.is_some_and(|visibility| self.viewer.may_see(visibility))
        });
        Ok(found)
    }

    /// The value of one key; `None` if there is none that the viewer sees.
    pub async fn by_key<K: Keyed>(&self, key: K) -> Result<Option<K::Value>, DbErr> {
        Ok(self.by_keys(&[key]).await?.remove(&key))
    }

    /// A page of a list.
    ///
    /// # Errors
    /// Forbidden if the viewer does not see the list; faults.
    pub async fn list<L: Listed>(
        &self,
        list: L,
        window: Window,
    ) -> Result<Listing<L::Row>, OperationError> {
        self.refuse_unseen(list.visibility())?;
        let Page {
            rows,
            has_next,
            has_previous,
        } = list
            .page(&self.services, &self.pages, window.forward())
            .await?
            .seen_in(window);
        let pages = Arc::clone(&self.pages);
        Ok(Listing {
            rows: (rows.into_iter())
                .map(|row| (list.place(&row), row))
                .collect(),
            has_next,
            has_previous,
            scope: window.scope,
            count: Arc::new(move || {
                let (list, pages) = (list.clone(), Arc::clone(&pages));
                async move { Ok(list.count(&pages).await?) }.boxed()
            }),
        })
    }

    /// That the viewer sees what these see.
    pub(super) fn refuse_unseen(&self, visibility: Visibility) -> Result<(), OperationError> {
        if self.viewer.may_see(visibility) {
            Ok(())
        } else {
            Err(OperationError::Forbidden(roles_of(visibility)))
        }
    }

    fn sees(&self, row: &impl Owned) -> bool {
        self.viewer.may_see(row.visibility())
    }
}

impl<M> fmt::Debug for Listing<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}
