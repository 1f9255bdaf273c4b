//! Reads that meet: what is asked for while a look at the database is under way goes there together, in the next
//! look. Under load many callers share a round trip, and an account that all of them ask for is read once.
//!
//! Nobody waits for others to come: where nobody looks, a look begins at once. Each look begins after
//! everything in it was asked for, and so it sees whatever was committed by then; nothing is kept.
//! Here: who looks, and when. Not here: what is read.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::tuning::Tuned;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;

/// Looks at a time: while one is waited for, the next is on its way.
/// Measured: docs/measured.md, "Read coalescing".
static LOOKS: Tuned<usize> = Tuned::new("LOOKS", 2);
/// The most callers that one look serves.
/// Measured: docs/measured.md, "Read coalescing".
static MOST: Tuned<usize> = Tuned::new("LOOK_CALLERS", 256);

/// What a caller learns; everybody in a look that failed learns the same.
pub type Found<V> = Result<Option<V>, Arc<DbErr>>;
type Asked<K, V> = (K, oneshot::Sender<Found<V>>);
type Look<K, V> = dyn Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, DbErr>> + Send + Sync;

/// Reads values by their keys, those that are asked for at one time together.
pub struct Coalescer<K, V>(Arc<Inside<K, V>>);

struct Inside<K, V> {
    waiting: Mutex<Waiting<K, V>>,
    look: Box<Look<K, V>>,
}

struct Waiting<K, V> {
    asked: Vec<Asked<K, V>>,
    looks: usize,
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
    /// Reads through `look`, which gets each key once and answers those that there are.
    pub fn new<F>(look: impl Fn(Vec<K>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<HashMap<K, V>, DbErr>> + Send + 'static,
    {
        Self(Arc::new(Inside {
            waiting: Mutex::new(Waiting {
                asked: Vec::new(),
                looks: 0,
            }),
            look: Box::new(move |keys| Box::pin(look(keys))),
        }))
    }

    /// The value of a key as it is now; `None` where there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(&self, key: K) -> Found<V> {
        let (answer, found) = oneshot::channel();
        let begins = {
            let mut waiting = self.0.lock();
            waiting.asked.push((key, answer));
            let begins = waiting.looks < LOOKS.get();
            waiting.looks += usize::from(begins);
            begins
        };
        if begins {
            // Not by the caller itself: one that leaves must not take the others' answers along.
            let turn = Turn {
                inside: self.0.clone(),
                is_over: false,
            };
            tokio::spawn(turn.run());
        }
        found.await.unwrap_or_else(|_| {
            let lost = "a read ended before it answered".to_owned();
            Err(Arc::new(DbErr::Custom(lost)))
        })
    }
}

impl<K, V> Inside<K, V> {
    fn lock(&self) -> MutexGuard<'_, Waiting<K, V>> {
        // Nothing that holds the lock can panic between two states.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks one after the other until nobody waits.
struct Turn<K, V> {
    inside: Arc<Inside<K, V>>,
    is_over: bool,
}

impl<K, V> Turn<K, V>
where
    K: Eq + Hash + Clone,
    V: Clone,
{
    async fn run(mut self) {
        while let Some(asked) = self.next() {
            let mut callers: HashMap<K, Vec<oneshot::Sender<Found<V>>>> = HashMap::new();
            for (key, answer) in asked {
                callers.entry(key).or_default().push(answer);
            }
            let keys = callers.keys().cloned().collect();
            let found = (self.inside.look)(keys).await.map_err(Arc::new);
            for (key, answers) in callers {
                for answer in answers {
                    let value = found.as_ref().map(|values| values.get(&key).cloned());
                    // Whoever left needs none.
                    let _ = answer.send(value.map_err(Arc::clone));
                }
            }
        }
    }

    /// Those who wait and are still there. Where there are none the turn is over before anybody else can come.
    fn next(&mut self) -> Option<Vec<Asked<K, V>>> {
        let mut waiting = self.inside.lock();
        waiting.asked.retain(|(_, answer)| !answer.is_closed());
        let count = waiting.asked.len().min(MOST.get());
        if count == 0 {
            waiting.looks -= 1;
            self.is_over = true;
            return None;
        }
        Some(waiting.asked.drain(..count).collect())
    }
}

impl<K, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // A look panicked, or the runtime ends.
        let mut waiting = self.inside.lock();
        waiting.looks -= 1;
        if waiting.looks == 0 {
            waiting.asked.clear();
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

    use super::{Coalescer, LOOKS, MOST};

    /// Answers each key with its double, once it is let; keys of a hundred and more do not exist.
    struct Looks {
        gather: Coalescer<u32, u32>,
        let_in: Arc<Semaphore>,
        seen: Arc<Mutex<Vec<usize>>>,
        fails: Arc<AtomicBool>,
    }

    fn looks() -> Looks {
        let let_in = Arc::new(Semaphore::new(0));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let fails = Arc::new(AtomicBool::new(false));
        let (gate, noted, failing) = (let_in.clone(), seen.clone(), fails.clone());
        let gather = Coalescer::new(move |keys: Vec<u32>| {
            let (gate, noted, failing) = (gate.clone(), noted.clone(), failing.clone());
            async move {
                noted.lock().unwrap().push(keys.len());
                gate.acquire().await.unwrap().forget();
                assert!(!keys.contains(&13), "an unlucky key");
                if failing.load(Ordering::SeqCst) {
                    return Err(DbErr::Custom("away".to_owned()));
                }
                let there = keys.into_iter().filter(|key| *key < 100);
                Ok(there.map(|key| (key, key * 2)).collect::<HashMap<_, _>>())
            }
        });
        Looks {
            gather,
            let_in,
            seen,
            fails,
        }
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn those_who_ask_meanwhile_meet_and_each_key_is_read_once() {
        let looks = looks();
        let asked = join_all((0..100).map(|number| looks.gather.load(number % 10)));
        let lets = async {
            settle().await;
            looks.let_in.add_permits(100);
        };
        let (found, ()) = tokio::join!(asked, lets);
        for (number, found) in (0..100).zip(found) {
            assert_eq!(found.unwrap(), Some(number % 10 * 2));
        }
        // All had asked before the first turn began.
        assert_eq!(*looks.seen.lock().unwrap(), [10]);
        assert_eq!(looks.gather.load(100).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_look_begins_after_everything_in_it_was_asked() {
        let looks = looks();
        let mut tasks = Vec::new();
        for number in 0..u32::try_from(LOOKS.get()).unwrap() + 3 {
            let gather = Coalescer(looks.gather.0.clone());
            tasks.push(tokio::spawn(async move { gather.load(number).await }));
            settle().await;
        }
        // As many as may look, look; the others wait for the next look.
        assert_eq!(*looks.seen.lock().unwrap(), [1].repeat(LOOKS.get()));
        looks.let_in.add_permits(LOOKS.get() + 1);
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(task.await.unwrap().unwrap(), Some(number * 2));
        }
        assert_eq!(looks.seen.lock().unwrap()[LOOKS.get()..], [3]);
    }

    #[tokio::test]
    async fn a_look_serves_so_many_at_most() {
        let looks = looks();
        looks.let_in.add_permits(100);
        let count = u32::try_from(MOST.get()).unwrap() + 1;
        join_all((0..count).map(|number| looks.gather.load(number))).await;
        assert_eq!(*looks.seen.lock().unwrap(), [MOST.get(), 1]);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_ends_nothing() {
        let looks = looks();
        looks.let_in.add_permits(100);
        looks.fails.store(true, Ordering::SeqCst);
        for found in join_all((0..3).map(|number| looks.gather.load(number))).await {
            assert_eq!(found.unwrap_err().to_string(), "Custom Error: away");
        }
        looks.fails.store(false, Ordering::SeqCst);
        assert_eq!(looks.gather.load(4).await.unwrap(), Some(8));
        assert!(looks.gather.load(13).await.is_err(), "its look panicked");
        assert_eq!(looks.gather.load(5).await.unwrap(), Some(10));
    }

    #[tokio::test]
    async fn nothing_is_read_for_those_who_left() {
        let looks = looks();
        let mut blocked = Vec::new();
        for number in 0..u32::try_from(LOOKS.get()).unwrap() {
            let gather = Coalescer(looks.gather.0.clone());
            blocked.push(tokio::spawn(async move { gather.load(number).await }));
            settle().await;
        }
        let gather = Coalescer(looks.gather.0.clone());
        let left = tokio::spawn(async move { gather.load(50).await });
        settle().await;
        left.abort();
        settle().await;
        looks.let_in.add_permits(100);
        for task in blocked {
            task.await.unwrap().unwrap();
        }
        assert_eq!(*looks.seen.lock().unwrap(), [1].repeat(LOOKS.get()));
    }
}
