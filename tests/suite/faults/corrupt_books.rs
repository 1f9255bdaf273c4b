//! Books that were changed behind the server's back: the command that meets the fault fails with
//! its name, nothing is written for it, and nobody else is affected.
//!
//! Here: rows corrupted by SQL, in process and over HTTP. Not here: each fault of the domain, which
//! `domain/tests/book/faults.rs` tests, and tampering that only `verify` finds
//! ([`crate::laws::verify`]).

use domain::{
    book::{Fault as BookFault, Refusal},
    channel::Channel,
    credits::Credits,
    ending::Asker,
    id::{AccountId, ListId, LotId, MessageId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use futures_util::future::join_all;
use message_credits::{
    clock::Clock,
    graphql::engine::ids::PublicId,
    ledger::{
        Actor, Answer, End, Fault, Key, Ledger, MessageCharge, NewMessage, Refused, Request,
        RequestKind, SubmitError,
    },
};
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    books::verified,
    new_key, on_both_databases, postgres_database,
    process::{ADMIN_KEY, Process, output},
};

fn units(credits: i64) -> Credits {
    Credits::from_units(credits * 10_000)
}

fn request(account: AccountId, kind: RequestKind) -> Request {
    Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind,
        key: Some(Key {
            key: new_key(),
            fingerprint: [0; 32],
        }),
        at: None,
    }
}

/// A message of this many credits to as many recipients.
fn message(id: MessageId, list: Option<ListId>, recipients: u64) -> NewMessage {
    let credits = units(i64::try_from(recipients).unwrap());
    NewMessage {
        id,
        list,
        name: None,
        text: "Ciao".to_owned(),
        channel: Channel::Sms,
        encoding: Some(Encoding::Gsm7),
        media: None,
        segment_count: 1,
        price: MessageCharge {
            recipients,
            lines: vec![Line {
                country: "IT".parse().unwrap(),
                recipients,
                segment_count: 1,
                credits_per_segment: Some(units(1)),
                credits,
            }],
            credits,
        },
        rate_card: RateCardId::new(uuid::Uuid::nil()),
        send_at: None,
        audience: None,
    }
}

fn new_id() -> MessageId {
    MessageId::new(Clock::system().new_id())
}

fn send(account: AccountId, recipients: u64) -> Request {
    let message = message(new_id(), None, recipients);
    request(account, RequestKind::Send(message))
}

fn cancel(account: AccountId, message: MessageId) -> Request {
    let end = End::Cancel(Asker::Account);
    let list = None;
    request(account, RequestKind::End { message, list, end })
}

/// An id in the SQL of a database.
fn sql_id(backend: DatabaseBackend, id: uuid::Uuid) -> String {
    match backend {
        DatabaseBackend::Postgres => format!("'{id}'"),
        _ => format!("x'{}'", id.simple()),
    }
}

/// The number of an account's rows in every table that a command writes.
async fn rows(connection: &impl ConnectionTrait, account: AccountId) -> Vec<i64> {
    let backend = connection.get_database_backend();
    let id = sql_id(backend, account.uuid());
    let mut counts = Vec::new();
    for table in [
        "transactions",
        "postings",
        "messages",
        "hold_draws",
        "lots",
        "idempotency_keys",
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE account_id = {id}");
        let statement = Statement::from_string(backend, sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        counts.push(row.try_get_by_index(0).unwrap());
    }
    counts
}

/// Two accounts with a hundred credits each, the first with a hold of ten.
struct Shops {
    broken: AccountId,
    sound: AccountId,
    held: MessageId,
    ledger: Ledger,
}

impl Shops {
    async fn open(server: &Server) -> Self {
        let [broken, sound] = [shop(server).await, shop(server).await];
        let (ledger, held) = (server.services().ledger.clone(), new_id());
        let new = NewMessage {
            send_at: Some("2027-01-01T00:00:00Z".parse().unwrap()),
            ..message(held, None, 10)
        };
        let scheduled = ledger
            .submit(request(broken, RequestKind::Schedule(new)))
            .await;
        scheduled.unwrap();
        Self {
            broken,
            sound,
            held,
            ledger,
        }
    }

    fn fault(&self, outcome: Result<Answer, SubmitError>) -> Fault {
        match outcome {
            Err(SubmitError::Fault { account, fault }) => {
                assert_eq!(account, self.broken);
                fault
            }
            other => panic!("no fault: {other:?}"),
        }
    }
}

async fn shop(server: &Server) -> AccountId {
    let tenant: Tenant = server.account("Shop").await;
    server.grant(&tenant, "100").await;
    AccountId::decode(&tenant.id).unwrap()
}

async fn corrupt(server: &Server, account: AccountId, update: &str) {
    let store = &server.services().store;
    let id = sql_id(store.backend(), account.uuid());
    let sql = format!("{update} WHERE account_id = {id}");
    let changed = store.writer().execute_unprepared(&sql).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
}

on_both_databases! {
    /// Each corruption, and the fault that the next command meets.
    async fn a_corrupt_book_is_a_fault_and_writes_nothing(server: Server) {
        type Is = fn(&Fault) -> bool;
        let cases: [(&str, bool, Is); 7] = [
            ("UPDATE lots SET remaining_units = 10000", false,
                |fault| matches!(fault, Fault::Book(BookFault::CutsDiffer { .. }))),
            ("UPDATE books SET unassigned_units = -1", false,
                |fault| matches!(fault, Fault::Book(BookFault::PoolOverdrawn { list: None, .. }))),
            ("UPDATE books SET unassigned_units = 1000000000", false,
                |fault| matches!(fault, Fault::Book(BookFault::UnassignedBeyondAvailable { .. }))),
            ("UPDATE books SET held_units = 99999", true,
                |fault| matches!(fault, Fault::Book(BookFault::HoldsOverdrawn { .. }))),
            ("UPDATE lots SET remaining_units = 9223372036854775807", true,
                |fault| matches!(fault, Fault::Book(BookFault::OutOfRange { .. }))),
            ("UPDATE lots SET expires_at = 1", false,
                |fault| matches!(fault, Fault::UnsoundBook(_))),
            ("UPDATE books SET recent_usage = 'nonsense'", false,
                |fault| matches!(fault, Fault::Usage(_))),
        ];
        for (update, ends_the_hold, is_expected) in cases {
            let shops = Shops::open(&server).await;
            corrupt(&server, shops.broken, update).await;
            let reader = server.services().store.reader();
            let before = rows(reader, shops.broken).await;
            let command = match ends_the_hold {
                true => cancel(shops.broken, shops.held),
                false => send(shops.broken, 5),
            };
            let [outcome, other] = join_all([command, send(shops.sound, 5)]
                .map(|request| shops.ledger.submit(request))).await.try_into().unwrap();
            let fault = shops.fault(outcome);
            assert!(is_expected(&fault), "{update}: {fault:?}");
            assert!(other.is_ok(), "{update}: {other:?}");
            assert_eq!(rows(reader, shops.broken).await, before, "{update}");
        }
    }

    /// A hold without its message is a fault, and not a message that was never scheduled.
    async fn a_hold_without_its_message_is_a_fault(server: Server) {
        let shops = Shops::open(&server).await;
        corrupt(&server, shops.broken, "DELETE FROM messages").await;
        let outcome = shops.ledger.submit(cancel(shops.broken, shops.held)).await;
        assert_eq!(shops.fault(outcome), Fault::MissingMessage(shops.held));
    }

    /// One command of a batch meets a fault; the others of its account are done, those of others
    /// too. A second fault of an account fails all of its commands in the batch.
    async fn a_fault_fails_only_its_own_command(server: Server) {
        let shops = Shops::open(&server).await;
        // Only the hold is broken.
        corrupt(&server, shops.broken, "UPDATE books SET held_units = 1").await;
        let requests = [
            send(shops.broken, 1),
            cancel(shops.broken, shops.held),
            send(shops.sound, 1),
            send(shops.broken, 1),
            send(shops.broken, 1_000),
        ];
        let outcomes = join_all(requests.map(|request| shops.ledger.submit(request))).await;
        let [first, ends, other, last, refused] = outcomes.try_into().unwrap();
        for outcome in [first, other, last] {
            assert!(outcome.is_ok(), "{outcome:?}");
        }
        let insufficient = |refusal: &Refused| matches!(refusal, Refused::Book(Refusal::Insufficient { .. }));
        assert!(matches!(&refused, Err(SubmitError::Refused(refusal)) if insufficient(refusal)), "{refused:?}");
        assert!(matches!(shops.fault(ends), Fault::Book(BookFault::HoldsOverdrawn { .. })));

        corrupt(&server, shops.broken, "UPDATE lots SET remaining_units = 10000").await;
        let before = rows(server.services().store.reader(), shops.broken).await;
        let requests = [send(shops.broken, 5), send(shops.sound, 1), send(shops.broken, 6)];
        let outcomes = join_all(requests.map(|request| shops.ledger.submit(request))).await;
        let [first, other, last] = outcomes.try_into().unwrap();
        assert!(other.is_ok(), "{other:?}");
        shops.fault(first);
        shops.fault(last);
        assert_eq!(rows(server.services().store.reader(), shops.broken).await, before);
    }

    /// A stored answer that can't be read: the command is neither repeated nor refused.
    async fn an_unreadable_stored_answer_is_a_fault(server: Server) {
        let shops = Shops::open(&server).await;
        let sent = send(shops.broken, 1);
        shops.ledger.submit(sent.clone()).await.unwrap();
        corrupt(&server, shops.broken, "UPDATE idempotency_keys SET answer = '\"none\"'").await;
        let before = rows(server.services().store.reader(), shops.broken).await;
        let fault = shops.fault(shops.ledger.submit(sent).await);
        assert!(matches!(fault, Fault::UnsoundAnswer(_)), "{fault:?}");
        assert_eq!(rows(server.services().store.reader(), shops.broken).await, before);
        let drifts = verified(&server).await.drifts;
        assert_eq!(drifts, Vec::new());
    }

    /// No count is cut to fit its column.
    async fn a_count_that_does_not_fit_is_a_fault(server: Server) {
        let shops = Shops::open(&server).await;
        let before = rows(server.services().store.reader(), shops.broken).await;
        let mut new = message(new_id(), None, 1);
        new.segment_count = u32::MAX;
        let outcome = shops.ledger.submit(request(shops.broken, RequestKind::Send(new))).await;
        let fault = shops.fault(outcome);
        assert_eq!(fault, Fault::TooMany { what: "segments", value: u32::MAX.into() });
        assert_eq!(rows(server.services().store.reader(), shops.broken).await, before);
        let grant = RequestKind::Grant {
            lot: LotId::new(Clock::system().new_id()),
            credits: units(1),
            expires_on: None,
            note: "for a test".to_owned(),
        };
        shops.ledger.submit(request(shops.broken, grant)).await.unwrap();
    }
}

/// A program whose database is corrupted while it serves: the caller gets INTERNAL_SERVER_ERROR,
/// and the log one line with the account and the fault.
async fn is_logged_and_masked(url: &str) {
    assert!(output(&["migrate", "--database-url", url]).status.success());
    let server = Process::start(&["serve", "--database-url", url]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let create =
        "mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }";
    let mut ids = Vec::new();
    for name in ["Broken", "Sound"] {
        let account = run(&server, create, json!({ "name": name })).await;
        let id = text(&account["data"]["createAccount"]["account"]["id"]);
        let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) { userErrors { code } } }";
        let input = json!({ "accountId": id, "credits": "100", "note": "for a test", "idempotencyKey": new_key() });
        let granted = run(&server, grant, input).await;
        assert!(granted.get("errors").is_none(), "{granted}");
        ids.push(id);
    }
    let broken = AccountId::decode(&ids[0]).unwrap();
    let database: DatabaseConnection = Database::connect(url).await.unwrap();
    let id = sql_id(database.get_database_backend(), broken.uuid());
    let update = format!("UPDATE lots SET remaining_units = 10000 WHERE account_id = {id}");
    database.execute_unprepared(&update).await.unwrap();
    let before = rows(&database, broken).await;

    let revoke = "mutation($input: RevokeCreditsInput!) { revokeCredits(input: $input) { balance { available } userErrors { code } } }";
    let take = |id: &str, credits: &str| json!({ "accountId": id, "credits": credits, "note": "for a test", "idempotencyKey": new_key() });
    let sound = run(&server, revoke, take(&ids[1], "5")).await;
    assert_eq!(
        sound["data"]["revokeCredits"]["balance"]["available"], "95",
        "{sound}"
    );
    // The lots have one credit left, and a hundred are unassigned.
    let answer = run(&server, revoke, take(&ids[0], "1")).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR",
        "{answer}"
    );
    assert_eq!(rows(&database, broken).await, before);
    database.close().await.unwrap();

    let log = server.terminated_log();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(&ids[0]) && line.contains("are unassigned"))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("ERROR"), "{log}");
    assert!(!answer.to_string().contains("unassigned"), "{answer}");
}

async fn run(server: &Process, query: &str, input: Value) -> Value {
    let answer = server.graphql(ADMIN_KEY, query, json!({ "input": input }));
    answer.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_logged_and_masked_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.db");
    is_logged_and_masked(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_logged_and_masked_on_postgres() {
    if let Some(url) = postgres_database().await {
        is_logged_and_masked(&url).await;
    }
}
