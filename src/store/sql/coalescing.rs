//! Request coalescing: keys that are requested while a query is running are loaded together by the
//! next one. Under load many callers share a round trip, and an account that all of them request is
//! read once.
//!
//! Here: when a query starts, and which requests it serves. If no query is running, one starts at
//! once, so nobody waits for others to come. Each query starts after all of its keys were
//! requested, so it sees everything that was committed by then; nothing is cached. Not here: the
//! queries themselves.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::shards;
use crate::tuning::Tuned;

/// Queries that run at a time: while the answer of one is on its way, the next is already running.
/// Measured: docs/measured.md, "Read coalescing".
static MAX_IN_FLIGHT: Tuned<usize> = Tuned::new("QUERIES_IN_FLIGHT", 2);
/// The most requests that one query serves.
/// Measured: docs/measured.md, "Read coalescing".
static MAX_BATCH: Tuned<usize> = Tuned::new("QUERY_REQUESTS", 256);

/// Queries that run at a time on distributed tables, where each is for one key: as many as there
/// are connections for lookups, and some that wait for one.
const IN_FLIGHT_ON_SHARDS: usize = 8;

fn most_in_flight() -> usize {
    match shards::are_used() {
        true => IN_FLIGHT_ON_SHARDS,
        false => MAX_IN_FLIGHT.get(),
    }
}

/// The result of a request. If a query fails, all of its requests get the same error.
pub type Loaded<V> = Result<Option<V>, Arc<DbErr>>;
type Request<K, V> = (K, oneshot::Sender<Loaded<V>>);
type Query<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, DbErr>> + Send + Sync;

/// Loads values by their keys, and concurrent requests together.
pub struct Coalescer<K, V>(Arc<Shared<K, V>>);

struct Shared<K, V> {
    queue: Mutex<Queue<K, V>>,
    query: Box<Query<K, V>>,
}

struct Queue<K, V> {
    requests: Vec<Request<K, V>>,
    /// Workers that run queries, at most [`MAX_IN_FLIGHT`].
    workers: usize,
}

impl<K, V> fmt::Debug for Coalescer<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalescer").finish_non_exhaustive()
    }
}

impl<K, V> Coalescer<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Loads through `query`, which gets each key once and returns the values that exist.
    pub fn new<F>(query: impl Fn(Vec<K>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<HashMap<K, V>, DbErr>> + Send + 'static,
    {
        Self(Arc::new(Shared {
            queue: Mutex::new(Queue {
                requests: Vec::new(),
                workers: 0,
            }),
            query: Box::new(move |keys| Box::pin(query(keys))),
        }))
    }

    /// Returns the current value of a key; `None` if it has none.
    ///
    /// # Errors
    /// If the query that served this request failed or panicked.
    pub async fn load(&self, key: K) -> Loaded<V> {
        let (sender, receiver) = oneshot::channel();
        let starts_worker = {
            let mut queue = self.0.lock();
            queue.requests.push((key, sender));
            let starts_worker = queue.workers < most_in_flight();
            queue.workers += usize::from(starts_worker);
            starts_worker
        };
        if starts_worker {
            // Spawned: a caller that is cancelled must not cancel the query of other callers.
            let worker = Worker {
                shared: self.0.clone(),
                is_done: false,
            };
            tokio::spawn(worker.run());
        }
        receiver.await.unwrap_or_else(|_| {
            let lost = "a coalesced query ended without an answer".to_owned();
            Err(Arc::new(DbErr::Custom(lost)))
        })
    }
}

impl<K, V> Shared<K, V> {
    fn lock(&self) -> MutexGuard<'_, Queue<K, V>> {
        // No code that holds the lock can panic and leave the queue inconsistent.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one query after another until the queue is empty.
struct Worker<K, V> {
    shared: Arc<Shared<K, V>>,
    is_done: bool,
}

impl<K, V> Worker<K, V>
where
    K: Eq + Hash + Clone,
    V: Clone,
{
    async fn run(mut self) {
        while let Some(requests) = self.next_batch() {
            let mut callers: HashMap<K, Vec<oneshot::Sender<Loaded<V>>>> = HashMap::new();
            for (key, sender) in requests {
                callers.entry(key).or_default().push(sender);
            }
            let keys = callers.keys().cloned().collect();
            let loaded = (self.shared.query)(keys).await.map_err(Arc::new);
            for (key, senders) in callers {
                for sender in senders {
                    let value = loaded.as_ref().map(|values| values.get(&key).cloned());
                    // Fails only if the caller was cancelled.
                    let _ = sender.send(value.map_err(Arc::clone));
                }
            }
        }
    }

    /// Takes the queued requests whose callers still wait. If there are none, the worker is done,
    /// which is recorded under the same lock: a request that comes later starts another worker.
    fn next_batch(&mut self) -> Option<Vec<Request<K, V>>> {
        let mut queue = self.shared.lock();
        queue.requests.retain(|(_, sender)| !sender.is_closed());
        let count = match queue.requests.first() {
            // One key at a time on distributed tables, so that a server that is down fails only its
            // own keys.
            Some((key, _)) if shards::are_used() => {
                let key = key.clone();
                queue.requests.sort_by_key(|(other, _)| *other != key);
                queue.requests.partition_point(|(other, _)| *other == key)
            }
            Some(_) | None => queue.requests.len().min(MAX_BATCH.get()),
        };
        if count == 0 {
            queue.workers -= 1;
            self.is_done = true;
            return None;
        }
        Some(queue.requests.drain(..count).collect())
    }
}

impl<K, V> Drop for Worker<K, V> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // A query panicked, or the runtime is shutting down.
        let mut queue = self.shared.lock();
        queue.workers -= 1;
        if queue.workers == 0 {
            queue.requests.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, Ordering},
        },
    };

    use futures_util::future::join_all;
    use sea_orm::DbErr;
    use tokio::sync::Semaphore;

    use super::{Coalescer, MAX_BATCH, MAX_IN_FLIGHT};

    /// A query that returns the double of each key below a hundred.
    struct Fixture {
        coalescer: Coalescer<u32, u32>,
        /// Each query needs a permit to finish.
        permits: Arc<Semaphore>,
        /// The number of keys of each query, in the order in which they started.
        batches: Arc<Mutex<Vec<usize>>>,
        fails: Arc<AtomicBool>,
    }

    fn fixture() -> Fixture {
        let permits = Arc::new(Semaphore::new(0));
        let batches = Arc::new(Mutex::new(Vec::new()));
        let fails = Arc::new(AtomicBool::new(false));
        let shared = (permits.clone(), batches.clone(), fails.clone());
        let coalescer = Coalescer::new(move |keys: Vec<u32>| {
            let (permits, batches, fails) = shared.clone();
            async move {
                batches.lock().unwrap().push(keys.len());
                permits.acquire().await.unwrap().forget();
                assert!(!keys.contains(&13), "the key of the test for panics");
                if fails.load(Ordering::SeqCst) {
                    return Err(DbErr::Custom("away".to_owned()));
                }
                let existing = keys.into_iter().filter(|key| *key < 100);
                Ok(existing
                    .map(|key| (key, key * 2))
                    .collect::<HashMap<_, _>>())
            }
        });
        Fixture {
            coalescer,
            permits,
            batches,
            fails,
        }
    }

    /// Lets the spawned tasks run until they wait.
    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn concurrent_reads_are_coalesced_and_each_key_is_read_once() {
        let fixture = fixture();
        let loads = join_all((0..100).map(|number| fixture.coalescer.load(number % 10)));
        let permit = async {
            settle().await;
            fixture.permits.add_permits(100);
        };
        let (found, ()) = tokio::join!(loads, permit);
        for (number, found) in (0..100).zip(found) {
            assert_eq!(found.unwrap(), Some(number % 10 * 2));
        }
        // All requests were queued before the first query started.
        assert_eq!(*fixture.batches.lock().unwrap(), [10]);
        assert_eq!(fixture.coalescer.load(100).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_query_serves_only_requests_made_before_it_started() {
        let fixture = fixture();
        let mut tasks = Vec::new();
        for number in 0..u32::try_from(MAX_IN_FLIGHT.get()).unwrap() + 3 {
            let coalescer = Coalescer(fixture.coalescer.0.clone());
            tasks.push(tokio::spawn(async move { coalescer.load(number).await }));
            settle().await;
        }
        // As many queries run as may; the other requests wait for the next query.
        assert_eq!(
            *fixture.batches.lock().unwrap(),
            [1].repeat(MAX_IN_FLIGHT.get())
        );
        fixture.permits.add_permits(MAX_IN_FLIGHT.get() + 1);
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(task.await.unwrap().unwrap(), Some(number * 2));
        }
        assert_eq!(fixture.batches.lock().unwrap()[MAX_IN_FLIGHT.get()..], [3]);
    }

    #[tokio::test]
    async fn a_query_serves_a_bounded_number_of_requests() {
        let fixture = fixture();
        fixture.permits.add_permits(100);
        let count = u32::try_from(MAX_BATCH.get()).unwrap() + 1;
        join_all((0..count).map(|number| fixture.coalescer.load(number))).await;
        assert_eq!(*fixture.batches.lock().unwrap(), [MAX_BATCH.get(), 1]);
    }

    #[tokio::test]
    async fn all_requests_of_a_failed_query_get_its_error_and_later_ones_succeed() {
        let fixture = fixture();
        fixture.permits.add_permits(100);
        fixture.fails.store(true, Ordering::SeqCst);
        for found in join_all((0..3).map(|number| fixture.coalescer.load(number))).await {
            assert_eq!(found.unwrap_err().to_string(), "Custom Error: away");
        }
        fixture.fails.store(false, Ordering::SeqCst);
        assert_eq!(fixture.coalescer.load(4).await.unwrap(), Some(8));
        assert!(
            fixture.coalescer.load(13).await.is_err(),
            "its query panicked"
        );
        assert_eq!(fixture.coalescer.load(5).await.unwrap(), Some(10));
    }

    #[tokio::test]
    async fn requests_of_cancelled_callers_are_not_queried() {
        let fixture = fixture();
        let mut blocked = Vec::new();
        for number in 0..u32::try_from(MAX_IN_FLIGHT.get()).unwrap() {
            let coalescer = Coalescer(fixture.coalescer.0.clone());
            blocked.push(tokio::spawn(async move { coalescer.load(number).await }));
            settle().await;
        }
        let coalescer = Coalescer(fixture.coalescer.0.clone());
        let cancelled = tokio::spawn(async move { coalescer.load(50).await });
        settle().await;
        cancelled.abort();
        settle().await;
        fixture.permits.add_permits(100);
        for task in blocked {
            task.await.unwrap().unwrap();
        }
        assert_eq!(
            *fixture.batches.lock().unwrap(),
            [1].repeat(MAX_IN_FLIGHT.get())
        );
    }
}
