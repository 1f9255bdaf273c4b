//! The queue's order and bounds, and its deadlines, with paused time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::id::AccountId;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Queue, Taken};
use crate::ledger::{
    Actor,
    answer::Answer,
    request::{Request, RequestKind, SubmitError},
    ticket::{Ticket, Wait},
};

const PATIENCE: Duration = Duration::from_secs(10);

fn request(account: u128) -> Request {
    Request {
        actor: Actor::ADMINISTRATOR,
        account: AccountId::new(Uuid::from_u128(account)),
        kind: RequestKind::Expire,
        key: None,
        at: None,
    }
}

fn push(queue: &Queue, account: u128) -> Result<Wait, SubmitError> {
    let (ticket, wait) = Ticket::new(request(account), PATIENCE);
    queue.push(ticket).map(|()| wait)
}

/// Pushes commands whose callers stay.
fn fill(queue: &Queue, account: u128, count: usize) -> Vec<Wait> {
    (0..count)
        .map(|_| push(queue, account).expect("there is room"))
        .collect()
}

/// How many commands of each account are in a batch.
fn counts(taken: &Taken) -> BTreeMap<u128, usize> {
    let mut counts = BTreeMap::new();
    for ticket in &taken.tickets {
        *counts
            .entry(ticket.request.account.uuid().as_u128())
            .or_default() += 1;
    }
    counts
}

fn answer_all(taken: &mut Taken) {
    for ticket in taken.tickets.drain(..) {
        ticket.answer(Ok(Answer::default()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_line_of_one_account_does_not_keep_the_others_waiting() {
    let queue = Arc::new(Queue::new(100_000, 100_000));
    let _hot = fill(&queue, 1, 10_000);
    let _others: Vec<_> = (2..=5).map(|account| fill(&queue, account, 1)).collect();
    let mut taken = queue.next(|_| 100).await.expect("there are some");
    let expected = BTreeMap::from([(1, 96), (2, 1), (3, 1), (4, 1), (5, 1)]);
    assert_eq!(
        counts(&taken),
        expected,
        "all of them are in the first batch"
    );
    answer_all(&mut taken);
    drop(taken);
    // If there is room for fewer accounts, the ones left out come first the next time.
    let _more: Vec<_> = (2..=5).map(|account| fill(&queue, account, 1)).collect();
    let mut seen = BTreeMap::new();
    for _ in 0..3 {
        let mut taken = queue.next(|_| 2).await.expect("there are some");
        for (account, count) in counts(&taken) {
            *seen.entry(account).or_default() += count;
        }
        answer_all(&mut taken);
    }
    let expected = BTreeMap::from([(1, 2), (2, 1), (3, 1), (4, 1), (5, 1)]);
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_with_one_writer_at_a_time_and_keeps_its_order() {
    let queue = Arc::new(Queue::new(100, 100));
    let _first = fill(&queue, 1, 3);
    let mut taken = queue.next(|_| 2).await.expect("there are some");
    let _other = fill(&queue, 2, 1);
    let mut beside = queue.next(|_| 10).await.expect("there is another account");
    assert_eq!(counts(&beside), BTreeMap::from([(2, 1)]));
    answer_all(&mut beside);
    drop(beside);
    let kept = taken.tickets.pop().expect("two were taken");
    answer_all(&mut taken);
    let account = kept.request.account;
    // Set aside: it returns to the front of its line.
    drop(taken.part(account, vec![kept]));
    drop(taken);
    let taken = queue.next(|_| 10).await.expect("two are left");
    assert_eq!(counts(&taken), BTreeMap::from([(1, 2)]));
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_more_of_its_own_accounts() {
    let queue = Arc::new(Queue::new(100, 100));
    let _first = fill(&queue, 1, 2);
    let mut taken = queue.next(|_| 10).await.expect("there are some");
    let _others = fill(&queue, 2, 3);
    drop(push(&queue, 1).expect("there is room"));
    let _more = fill(&queue, 1, 5);
    taken.fill(4);
    assert_eq!(counts(&taken), BTreeMap::from([(1, 4)]));
    taken.fill(100);
    assert_eq!(
        counts(&taken),
        BTreeMap::from([(1, 7)]),
        "the caller of the third had left"
    );
    answer_all(&mut taken);
    drop(taken);
    let others = queue.next(|_| 10).await.expect("there is another account");
    assert_eq!(counts(&others), BTreeMap::from([(2, 3)]));
}

#[tokio::test(start_paused = true)]
async fn queues_are_bounded_by_account_and_in_all() {
    let queue = Arc::new(Queue::new(5, 3));
    let _waits = fill(&queue, 1, 3);
    assert!(matches!(push(&queue, 1), Err(SubmitError::AccountBusy)));
    let _others = fill(&queue, 2, 2);
    assert!(matches!(push(&queue, 3), Err(SubmitError::Busy)));
    let mut taken = queue.next(|_| 1).await.expect("there are some");
    assert_eq!(taken.tickets.len(), 1);
    assert!(push(&queue, 3).is_ok(), "there is room again");
    answer_all(&mut taken);
    drop(taken);
    queue.close();
    assert!(matches!(push(&queue, 2), Err(SubmitError::Stopped)));
    // Queued commands are served, and then the queue ends.
    let mut served = 0;
    while let Some(mut taken) = queue.next(|_| 10).await {
        served += taken.tickets.len();
        answer_all(&mut taken);
    }
    assert_eq!(served, 4, "the caller of the sixth had left");
}

#[tokio::test(start_paused = true)]
async fn commands_of_gone_callers_are_skipped() {
    let queue = Arc::new(Queue::new(10, 10));
    let gone = push(&queue, 1).expect("there is room");
    let _stays = push(&queue, 1).expect("there is room");
    drop(gone);
    let taken = queue.next(|_| 10).await.expect("one is left");
    assert_eq!(taken.tickets.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_is_abandoned_at_its_deadline_unless_begun() {
    let queue = Arc::new(Queue::new(10, 10));
    // No writer takes it: its caller hears when its time is over, and it is never begun.
    let began = Instant::now();
    let late = push(&queue, 1).expect("there is room").answer().await;
    assert!(matches!(late, Err(SubmitError::Late)), "{late:?}");
    assert_eq!(began.elapsed(), PATIENCE);
    let taken = queue.next(|_| 10).await.expect("the line is there");
    assert!(taken.tickets.is_empty(), "what was given up is not begun");
    drop(taken);

    // One that was begun is waited for, however late it is.
    let wait = tokio::spawn(push(&queue, 1).expect("there is room").answer());
    let mut taken = queue.next(|_| 10).await.expect("it is there");
    tokio::time::sleep(PATIENCE * 3).await;
    assert!(!wait.is_finished(), "it may be committed by now");
    answer_all(&mut taken);
    assert!(wait.await.expect("no panic").is_ok());
    drop(taken);

    // One that was set aside and whose time is over by then was not done, and its caller hears so.
    let wait = tokio::spawn(push(&queue, 1).expect("there is room").answer());
    let taken = queue.next(|_| 10).await.expect("it is there");
    tokio::time::sleep(PATIENCE * 2).await;
    drop(taken);
    let taken = queue.next(|_| 10).await.expect("the line is there");
    assert!(taken.tickets.is_empty());
    let late = wait.await.expect("no panic");
    assert!(matches!(late, Err(SubmitError::Late)), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_writers_panic_the_outcome_is_unknown() {
    let queue = Arc::new(Queue::new(10, 10));
    let wait = push(&queue, 1).expect("there is room");
    let mut taken = queue.next(|_| 10).await.expect("it is there");
    taken.tickets.clear();
    drop(taken);
    let answer = wait.answer().await;
    assert!(matches!(answer, Err(SubmitError::Unknown(_))), "{answer:?}");
    assert!(push(&queue, 1).is_ok(), "its account is free again");
}
