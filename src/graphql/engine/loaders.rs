//! Data loaders: the rows behind the edges of a list are read in one batch. Each request has its
//! own, which read for its viewer, so an edge shows nothing that the viewer could not read
//! directly.
//!
//! Here: how keys are batched. Not here: who leads a batch ([`Turns`]), what can be read by a key,
//! and the viewer's filter ([`crate::operations::reader`]).
//!
//! The engine's own data loader is not used: every load takes one lock per key type, and waiters on
//! that lock spin. With 60,000 edges two thirds of the time went there (perf: `saa::wait_queue`),
//! growing with the square of their number. It also spawns its loads, which then outlive an
//! abandoned request.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::Context;
use tokio::{sync::oneshot, task::unconstrained};

use super::{
    budget::{self, Budget},
    errors::ApiError,
};
use crate::operations::{
    OperationError, Services, Viewer, ViewerReader,
    reader::{Keyed, Turns},
};

/// Why a load failed. Every waiting edge gets the same error.
type LoadError = Arc<sea_orm::DbErr>;

/// The loaders of one request, with the keys waiting for each.
pub struct Loaders {
    reader: ViewerReader,
    /// One queue per key type.
    queues: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Loaders {
    /// Reads for the request's viewer; all of it for one request alone.
    pub(super) fn reader(&self) -> &ViewerReader {
        &self.reader
    }
}

/// The loaders of one request.
#[must_use]
pub fn for_viewer(services: &Services, viewer: Viewer) -> Loaders {
    Loaders {
        reader: services.reader(viewer),
        queues: Mutex::default(),
    }
}

/// Loads the object of an edge.
///
/// # Errors
/// A database fault, Unauthenticated, or the request is over its budget.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<K::Value>, ApiError>
where
    K: Keyed,
{
    let loaders = ctx.data_opt::<Loaders>();
    let loaders = loaders.ok_or(ApiError::Unauthenticated)?;
    loaders.load(key, ctx.data_opt()).await
}

type Answer<V> = Result<Option<V>, LoadError>;

/// The keys waiting for the next batch.
type Queue<K, V> = Turns<(K, oneshot::Sender<Answer<V>>)>;

impl Loaders {
    async fn load<K>(&self, key: K, budget: Option<&Budget>) -> Result<Option<K::Value>, ApiError>
    where
        K: Keyed,
    {
        let queue = self.queue::<K>();
        loop {
            budget::take(budget, 0, 0)?;
            let (answer, found) = oneshot::channel();
            if let Some(lead) = queue.join((key, answer)) {
                let asked = lead.gather().await;
                self.answer(asked, budget).await;
            }
            // Outside the runtime's cooperative budget: a thousand answers that arrive at once are
            // taken at once.
            match unconstrained(found).await {
                Ok(answer) => return answer.map_err(|cause| OperationError::from(cause).into()),
                // The leader was dropped because a sibling field failed, or the budget is spent.
                Err(_) => continue,
            }
        }
    }

    async fn answer<K>(
        &self,
        asked: Vec<(K, oneshot::Sender<Answer<K::Value>>)>,
        budget: Option<&Budget>,
    ) where
        K: Keyed,
    {
        let mut callers: HashMap<K, Vec<oneshot::Sender<_>>> = HashMap::with_capacity(asked.len());
        for (key, answer) in asked {
            // A waiter that was dropped needs no answer.
            if !answer.is_closed() {
                callers.entry(key).or_default().push(answer);
            }
        }
        let keys: Vec<K> = callers.keys().cloned().collect();
        for keys in keys.chunks(K::MAX_KEYS) {
            let mut found = self.reader.by_keys(keys).await.map_err(Arc::new);
            let bytes = found.iter().flat_map(HashMap::values).map(K::bytes);
            if budget::take_read(budget, bytes.sum()).is_err() {
                return;
            }
            for key in keys {
                let mut answers = callers.remove(key).unwrap_or_default();
                let last = answers.pop();
                for answer in answers {
                    let value = found.as_ref().map(|values| values.get(key).cloned());
                    let _ = answer.send(value.map_err(Arc::clone));
                }
                if let Some(last) = last {
                    let value = found.as_mut().map(|values| values.remove(key));
                    let _ = last.send(value.map_err(|cause| Arc::clone(cause)));
                }
            }
        }
    }

    fn queue<K>(&self) -> Arc<Queue<K, K::Value>>
    where
        K: Keyed,
    {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues
            .entry(TypeId::of::<K>())
            .or_insert_with(|| Arc::new(Queue::<K, K::Value>::default()));
        // The type is the key under which it was found.
        let queue = Arc::clone(queue).downcast();
        queue.unwrap_or_default()
    }
}
