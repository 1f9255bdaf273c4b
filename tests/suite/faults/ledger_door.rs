//! The ledger under strain: locked accounts, late commands, full queues, gone callers and bad
//! commands delay and harm nobody else, and no caller hears "failed" of something that was done.
//! Its laws are tested in `faults.rs` and with the nouns.

use std::{sync::Arc, task::Poll, time::Duration};

use domain::{
    channel::Channel,
    credits::Credits,
    id::{AccountId, MessageId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use message_credits::{
    clock::Clock,
    graphql::engine::ids::PublicId,
    ledger::{
        Actor, Answer, Key, Ledger, Limits, MessageCharge, NewMessage, Request, RequestKind,
        SubmitError, Writers,
    },
    store::{Store, book, sql::bounded::Transaction},
};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{Server, books::verified, new_key, on_both_databases, table_lock::TableLock};

/// A message of one credit to one recipient.
fn send_as(account: AccountId, id: Uuid, key: Option<String>) -> Request {
    let credits = Credits::from_units(10_000);
    let line = Line {
        country: "IT".parse().unwrap(),
        recipients: 1,
        segment_count: 1,
        credits_per_segment: Some(credits),
        credits,
    };
    let message = NewMessage {
        id: MessageId::new(id),
        list: None,
        name: None,
        text: "Ciao".to_owned(),
        channel: Channel::Sms,
        encoding: Some(Encoding::Gsm7),
        media: None,
        segment_count: 1,
        price: MessageCharge {
            recipients: 1,
            lines: vec![line],
            credits,
        },
        rate_card: RateCardId::new(Uuid::nil()),
        send_at: None,
        audience: None,
    };
    Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind: RequestKind::Send(message),
        key: key.map(|key| Key {
            key,
            fingerprint: [0; 32],
        }),
        at: None,
    }
}

fn send(account: AccountId) -> Request {
    send_as(account, Clock::system().new_id(), Some(new_key()))
}

/// Accounts with a hundred credits each.
async fn accounts<const N: usize>(server: &Server) -> [AccountId; N] {
    let mut ids = Vec::new();
    for number in 0..N {
        let tenant = server.account(&format!("Shop {number}")).await;
        server.grant(&tenant, "100").await;
        ids.push(AccountId::decode(&tenant.id).unwrap());
    }
    ids.try_into().unwrap()
}

/// A ledger of the test's own on the server's books. It serves as long as its writers are kept.
fn door(server: &Server, limits: Limits) -> (Arc<Ledger>, Writers) {
    let services = server.services();
    let (ledger, writers) = Ledger::start_with(&services.store, &services.clock, limits);
    (Arc::new(ledger), writers)
}

/// Submits without waiting for the answer. The command is queued when this returns.
async fn ask(ledger: &Arc<Ledger>, request: Request) -> JoinHandle<Result<Answer, SubmitError>> {
    let ledger = ledger.clone();
    let mut asked = async move { ledger.submit(request).await }.boxed();
    match futures_util::poll!(&mut asked) {
        Poll::Pending => tokio::spawn(asked),
        Poll::Ready(answer) => tokio::spawn(std::future::ready(answer)),
    }
}

async fn count(store: &Store, table: &str, account: AccountId) -> i64 {
    let id = match store.backend() {
        DatabaseBackend::Postgres => format!("'{}'", account.uuid()),
        _ => format!("x'{}'", account.uuid().simple()),
    };
    let sql = format!("SELECT count(*) FROM {table} WHERE account_id = {id}");
    let statement = Statement::from_string(store.backend(), sql);
    let row = store.reader().query_one_raw(statement).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

async fn check_books(server: &Server) {
    let verified = verified(server).await;
    assert_eq!((verified.drifts, verified.left_out), (Vec::new(), 0));
}

on_both_databases! {
    /// A command that the database refuses fails alone: its message id exists already.
    async fn one_bad_command_fails_alone(server: Server) {
        let [account, other] = accounts(&server).await;
        let (ledger, _writers) = door(&server, Limits { writers: 1, ..Limits::default() });
        let id = Clock::system().new_id();
        ledger.submit(send_as(account, id, Some(new_key()))).await.unwrap();
        let requests = (0..40).map(|place| match place {
            17 => send_as(account, id, Some(new_key())),
            place if place % 2 == 0 => send(other),
            _ => send(account),
        });
        let results = join_all(requests.map(|request| ledger.submit(request))).await;
        for (place, result) in results.into_iter().enumerate() {
            match place {
                17 => assert!(matches!(result, Err(SubmitError::NotDone(_))), "{result:?}"),
                _ => assert!(result.is_ok(), "{place}: {result:?}"),
            }
        }
        let store = &server.services().store;
        assert_eq!(count(store, "messages", account).await, 20);
        assert_eq!(count(store, "messages", other).await, 20);
        check_books(&server).await;
    }

    /// A command whose caller is gone before its batch begins is never done.
    async fn a_caller_gone_before_its_batch_is_not_charged(server: Server) {
        let [account] = accounts(&server).await;
        let limits = Limits { writers: 1, batch: 1, waiting_of_account: 3, ..Limits::default() };
        let (ledger, _writers) = door(&server, limits);
        let store = &server.services().store;
        let lock = hold(store, account).await;
        let first = ask(&ledger, send(account)).await;
        let left = fill_line(&ledger, account, 3).await;
        drop(left);
        lock.rollback().await.unwrap();
        first.await.unwrap().unwrap();
        // Commands of gone callers leave the queue with the next batch at the latest.
        while ledger.submit(send(account)).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(store, "messages", account).await, 2);
        check_books(&server).await;
    }

    /// Too many commands of one account are refused, and commands beyond their deadline are refused
    /// and never done.
    async fn commands_refused_by_a_full_queue_or_a_deadline_are_not_done(server: Server) {
        let [account, other] = accounts(&server).await;
        let limits = Limits {
            waiting_of_account: 4,
            deadline: Duration::from_millis(300),
            writers: 1,
            batch: 1,
            ..Limits::default()
        };
        let (ledger, _writers) = door(&server, limits);
        let store = &server.services().store;
        let lock = hold(store, account).await;
        let begun = ask(&ledger, send(account)).await;
        let waiting = fill_line(&ledger, account, 4).await;
        let full = ledger.submit(send(account)).await;
        assert!(matches!(full, Err(SubmitError::AccountBusy)), "{full:?}");
        for late in join_all(waiting).await {
            assert!(matches!(late, Err(SubmitError::Late)), "{late:?}");
        }
        lock.rollback().await.unwrap();
        begun.await.unwrap().unwrap();
        ledger.submit(send(other)).await.unwrap();
        assert_eq!(count(store, "messages", account).await, 1);
        assert_eq!(count(store, "messages", other).await, 1);
        check_books(&server).await;
    }
}

/// Keeps an account's commands from running: on PostgreSQL by its lock, on SQLite as the only
/// writer.
async fn hold(store: &Store, account: AccountId) -> Transaction {
    let transaction = store.begin().await.unwrap();
    book::lock(&transaction, [account]).await.unwrap();
    transaction
}

/// Commands that fill an account's line after the batch before them has begun. Batches have one
/// command.
async fn fill_line(
    ledger: &Arc<Ledger>,
    account: AccountId,
    room: usize,
) -> Vec<BoxFuture<'static, Result<Answer, SubmitError>>> {
    let mut line = Vec::new();
    while line.len() < room {
        let ledger = ledger.clone();
        let mut asked = async move { ledger.submit(send(account)).await }.boxed();
        match futures_util::poll!(&mut asked) {
            Poll::Pending => line.push(asked),
            Poll::Ready(answer) => {
                assert!(
                    matches!(answer, Err(SubmitError::AccountBusy)),
                    "{answer:?}"
                );
                tokio::task::yield_now().await;
            }
        }
    }
    line
}

/// An account whose lock another session holds waits alone: the others are served meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_account_does_not_hold_up_the_others() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let [locked, second, free] = accounts(&server).await;
    let limits = Limits {
        writers: 1,
        lanes: 1,
        ..Limits::default()
    };
    let (ledger, _writers) = door(&server, limits);
    let store = &server.services().store;
    let other = store.begin().await.unwrap();
    book::lock(&other, [locked, second]).await.unwrap();
    // More accounts are locked than may be waited for at once.
    let waiting = [locked, second, locked, second].map(|account| ask(&ledger, send(account)));
    let waiting = join_all(waiting).await;
    for _ in 0..20 {
        ledger.submit(send(free)).await.unwrap();
    }
    assert!(waiting.iter().all(|answer| !answer.is_finished()));
    other.rollback().await.unwrap();
    for answer in waiting {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(count(store, "messages", free).await, 20);
    assert_eq!(count(store, "messages", locked).await, 2);
    assert_eq!(count(store, "messages", second).await, 2);
    check_books(&server).await;
}

/// The commands that come while another session holds an account's lock are one batch afterwards,
/// so that a busy account's throughput does not fall with each server that wants its lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_an_account_is_locked_is_one_batch() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let [account] = accounts(&server).await;
    let (ledger, _writers) = door(&server, Limits::default());
    let store = &server.services().store;
    let other = hold(store, account).await;
    let mut asked = vec![ask(&ledger, send(account)).await];
    keeps_somebody_waiting(&other).await;
    for _ in 0..20 {
        asked.push(ask(&ledger, send(account)).await);
    }
    other.rollback().await.unwrap();
    for answer in asked {
        answer.await.unwrap().unwrap();
    }
    // A batch is booked at one instant.
    let sql = format!(
        "SELECT count(*), count(DISTINCT created_at) FROM transactions \
         WHERE kind = 'SPEND' AND account_id = '{}'",
        account.uuid()
    );
    let statement = Statement::from_string(store.backend(), sql);
    let row = store.reader().query_one_raw(statement).await.unwrap();
    let row = row.unwrap();
    let of = |column| row.try_get_by_index::<i64>(column).unwrap();
    assert_eq!((of(0), of(1)), (21, 1));
    check_books(&server).await;
}

/// Waits until some statement waits for a lock in the transaction's database.
async fn keeps_somebody_waiting(holder: &Transaction) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = async {
        loop {
            let count = Statement::from_string(holder.get_database_backend(), sql);
            let row = holder.query_one_raw(count).await.unwrap();
            if row.unwrap().try_get_by_index::<i64>(0).unwrap() > 0 {
                return;
            }
            // Within a transaction the view stays as it was first read.
            holder
                .execute_unprepared("SELECT pg_stat_clear_snapshot()")
                .await
                .unwrap();
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, waits)
        .await
        .expect("somebody waits for the lock");
}

/// A commit without an answer: a caller with a key learns the outcome, one without a key hears that
/// it is unknown. All three commands are in one batch: they wait while the only writer is blocked
/// by another.
#[tokio::test]
async fn a_commit_without_an_answer_is_resolved_by_keys() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let [account, other] = accounts(&server).await;
    let (ledger, _writers) = door(
        &server,
        Limits {
            writers: 1,
            ..Limits::default()
        },
    );
    let store = &server.services().store;
    // The connection breaks in the account's first commit, and in no other: a sequence is never
    // rolled back.
    let break_once = format!(
        "CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.account_id = '{}' AND nextval('commits') = 1
            THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            RETURN NULL; END $$",
        account.uuid()
    );
    for sql in [
        "CREATE SEQUENCE commits",
        &break_once,
        "CREATE CONSTRAINT TRIGGER break_once AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION break_once()",
    ] {
        store.writer().execute_unprepared(sql).await.unwrap();
    }
    let writes = TableLock::take(store, "idempotency_keys", "EXCLUSIVE").await;
    let before = ask(&ledger, send(other)).await;
    writes.keeps_somebody_waiting().await;
    let requests = [
        send(account),
        send_as(account, Clock::system().new_id(), None),
        send(account),
    ];
    let asked = join_all(requests.map(|request| ask(&ledger, request))).await;
    writes.release().await;
    before.await.unwrap().unwrap();
    let answers = join_all(asked).await.into_iter().map(Result::unwrap);
    let [first, without, last] = <[_; 3]>::try_from(answers.collect::<Vec<_>>()).unwrap();
    assert!(first.is_ok(), "{first:?}");
    assert!(
        matches!(without, Err(SubmitError::Unknown(_))),
        "{without:?}"
    );
    assert!(last.is_ok(), "{last:?}");
    assert_eq!(count(store, "messages", account).await, 2);
    check_books(&server).await;
}
