//! One load for many edges: what the nodes of a list point to is read together. Made for each request,
//! scoped to its viewer, so that nothing is seen through an edge that could not be seen directly.
//!
//! Here: the loader itself. What it can load is said beside each noun.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context,
    dataloader::{DataLoader, Loader},
    runtime::{TokioSpawner, TokioTimer},
};
use domain::id::AccountId;
use entity::account;
use futures_util::task::{FutureObj, Spawn, SpawnError};

use super::errors::ApiError;
use crate::{
    operations::{Services, Viewer},
    store::{self, reader::Owner},
};

/// Reads rows for one viewer.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(crate) services: Services,
    pub(crate) viewer: Viewer,
}

/// Why a load failed; every waiting edge gets the same.
pub type LoadError = Arc<sea_orm::DbErr>;

/// The loader of one request.
#[must_use]
pub fn for_viewer(services: &Services, viewer: Viewer) -> DataLoader<Rows> {
    DataLoader::new(
        Rows {
            services: services.clone(),
            viewer,
        },
        ForOwner {
            owner: viewer.reads_as(),
            runtime: TokioSpawner::current(),
        },
        TokioTimer::default(),
    )
}

/// Runs loads as reads of whom they are for.
struct ForOwner {
    owner: Owner,
    runtime: TokioSpawner,
}

impl Spawn for ForOwner {
    fn spawn_obj(&self, load: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        let load = self.owner.reads(load);
        self.runtime.spawn_obj(FutureObj::new(Box::pin(load)))
    }
}

/// Loads what an edge points to.
///
/// # Errors
/// A fault of the database, or that nobody is signed in.
pub async fn load<K>(
    ctx: &Context<'_>,
    key: K,
) -> Result<Option<<Rows as Loader<K>>::Value>, ApiError>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = LoadError>,
{
    let loader = ctx
        .data_opt::<DataLoader<Rows>>()
        .ok_or(ApiError::Unauthenticated)?;
    loader.load_one(key).await.map_err(ApiError::internal)
}

impl Loader<AccountId> for Rows {
    type Value = account::Model;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, account::Model>, LoadError> {
        let seen = ids.iter().copied().filter(|id| self.viewer.sees(*id));
        let rows = store::account::find_all(self.services.store.reader(), seen).await?;
        Ok(rows
            .into_iter()
            .map(|row| (AccountId::new(row.id), row))
            .collect())
    }
}
