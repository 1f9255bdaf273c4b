//! Lines: shares, order, weights, and callers that leave. Paused time, no sleeping.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Bounds, Full, Line, Place, Urgency};

const PATIENCE: Duration = Duration::from_secs(2);

fn bounds(places: usize, share: usize) -> Bounds {
    Bounds {
        places,
        reserved: 0,
        share,
        waiting: 16,
        waiting_share: 8,
        patience: PATIENCE,
    }
}

fn fill(line: &Line<&'static str>, owner: &'static str, count: usize) -> Vec<Place<&'static str>> {
    (0..count).map(|_| line.try_take(owner).unwrap()).collect()
}

/// Lets every runnable task run.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A caller that waits in a task of its own and records its name when it is served.
fn waits(
    line: &Line<&'static str>,
    owner: &'static str,
    turns: &std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>,
) -> tokio::task::JoinHandle<Result<Place<&'static str>, Full>> {
    let (line, turns) = (line.clone(), std::sync::Arc::clone(turns));
    tokio::spawn(async move {
        let taken = line.take(owner).await;
        if taken.is_ok() {
            turns.lock().unwrap().push(owner);
        }
        taken
    })
}

#[tokio::test(start_paused = true)]
async fn an_owner_holds_no_more_than_its_share() {
    let line = Line::new(bounds(6, 3));
    let mut held = fill(&line, "a", 3);
    assert_eq!(line.try_take("a").unwrap_err(), Full::Owner);
    held.extend(fill(&line, "b", 3));
    assert_eq!(line.try_take("c").unwrap_err(), Full::All);
    let begun = Instant::now();
    assert_eq!(line.take("c").await.unwrap_err(), Full::All);
    assert!(begun.elapsed() >= PATIENCE);
    assert_eq!(line.take("a").await.unwrap_err(), Full::Owner);
    drop(held);
    assert_eq!((line.taken(), line.waiting()), (0, 0));
    assert!(line.lock().has_no_idle_owners());
}

#[tokio::test(start_paused = true)]
async fn the_next_place_goes_to_the_owner_that_holds_the_fewest() {
    let line = Line::new(bounds(4, 4));
    let mut held = fill(&line, "many", 4);
    let turns = std::sync::Arc::default();
    let mut waiting: Vec<_> = (0..3).map(|_| waits(&line, "many", &turns)).collect();
    settle().await;
    waiting.push(waits(&line, "few", &turns));
    waiting.push(waits(&line, "other", &turns));
    settle().await;
    for _ in 0..3 {
        held.pop();
        settle().await;
    }
    assert_eq!(*turns.lock().unwrap(), ["few", "other", "many"]);
    drop(held);
    for waiter in waiting {
        drop(waiter.await.unwrap().unwrap());
    }
    assert_eq!((line.taken(), line.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_owner_at_its_share_does_not_block_others() {
    let line = Line::new(bounds(4, 2));
    let held = fill(&line, "a", 2);
    let turns = std::sync::Arc::default();
    let waiter = waits(&line, "a", &turns);
    settle().await;
    let other = line.try_take("b").unwrap();
    assert!(turns.lock().unwrap().is_empty());
    drop(held);
    drop(waiter.await.unwrap().unwrap());
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn a_full_line_makes_room_for_an_owner_with_fewer_waiting() {
    let line = Line::new(Bounds {
        waiting: 3,
        waiting_share: 3,
        ..bounds(1, 1)
    });
    let held = line.try_take("holder").unwrap();
    let turns = std::sync::Arc::default();
    let crowd: Vec<_> = (0..3).map(|_| waits(&line, "crowd", &turns)).collect();
    settle().await;
    let one = waits(&line, "one", &turns);
    settle().await;
    let refused = crowd.iter().filter(|waiter| waiter.is_finished()).count();
    assert_eq!((refused, line.waiting()), (1, 3));
    // It now has as many waiting as the crowd: nobody is evicted for it.
    let two = waits(&line, "two", &turns);
    settle().await;
    drop(held);
    settle().await;
    for waiter in crowd.into_iter().chain([one, two]) {
        drop(waiter.await.unwrap());
    }
    assert_eq!((line.taken(), line.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_no_longer_blocks_others() {
    let line = Line::new(bounds(2, 2));
    let mut held = fill(&line, "a", 2);
    let turns = std::sync::Arc::default();
    let heavy = tokio::spawn({
        let line = line.clone();
        async move { line.take_many("b", 2, Urgency::Ordinary).await }
    });
    settle().await;
    let light = waits(&line, "c", &turns);
    settle().await;
    held.pop();
    settle().await;
    assert!(turns.lock().unwrap().is_empty(), "overtook a heavy caller");
    heavy.abort();
    settle().await;
    assert_eq!(*turns.lock().unwrap(), ["c"]);
    drop(light.await.unwrap().unwrap());
    drop(held);
    assert_eq!((line.taken(), line.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn reserved_places_are_for_urgent_callers() {
    let line = Line::new(Bounds {
        reserved: 1,
        ..bounds(4, 1)
    });
    let ordinary: Vec<_> = ["a", "b", "c"]
        .map(|owner| line.try_take(owner).unwrap())
        .into();
    assert_eq!(line.try_take("d").unwrap_err(), Full::All);
    let urgent = line.try_take_many("a", 1, Urgency::Urgent).unwrap();
    assert_eq!(
        line.try_take_many("d", 1, Urgency::Urgent).unwrap_err(),
        Full::All
    );
    drop(urgent);
    drop(ordinary);
}

#[tokio::test(start_paused = true)]
async fn a_weight_beyond_the_share_counts_as_the_share() {
    let line = Line::new(bounds(4, 2));
    let heavy = line.try_take_many("a", 9, Urgency::Ordinary).unwrap();
    assert_eq!(line.taken(), 2);
    drop(heavy);
    assert_eq!(line.taken(), 0);
    let nothing = Line::new(bounds(0, 0));
    assert_eq!(nothing.try_take("a").unwrap_err(), Full::Owner);
}

proptest! {
    /// After any sequence of taking, returning and leaving, every owner and the queue are within
    /// their bounds, and no place is lost.
    #[test]
    fn nothing_is_lost_or_exceeded(
        places in 1_usize..6,
        share in 1_usize..6,
        steps in prop::collection::vec((0_usize..4, 0_usize..4, 1_usize..4), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let owners = ["a", "b", "c", "d"];
            let line = Line::new(bounds(places, share));
            let mut callers = Vec::new();
            for (what, owner, weight) in steps {
                match what {
                    0 | 1 => {
                        let line = line.clone();
                        callers.push(tokio::spawn(async move {
                            let place = line.take_many(owners[owner], weight, Urgency::Ordinary).await;
                            tokio::time::sleep(Duration::from_millis(100 * weight as u64)).await;
                            drop(place);
                        }));
                    }
                    2 if !callers.is_empty() => callers.swap_remove(owner % callers.len()).abort(),
                    _ => tokio::time::sleep(Duration::from_millis(50 * weight as u64)).await,
                }
                settle().await;
                prop_assert!(line.taken() <= places);
                prop_assert!(line.lock().is_within_bounds());
            }
            for caller in callers {
                drop(caller.await);
            }
            prop_assert_eq!((line.taken(), line.waiting()), (0, 0));
            prop_assert!(line.lock().has_no_idle_owners());
            Ok(())
        })?;
    }
}
