//! The number of statements that a request takes.
//!
//! Here: counting the spans of statements, which the server's traces are made of, and the reads
//! that run together. Not here: traces
//! as a collector receives them ([`super::traces`]), and when reads are coalesced
//! (`src/store/sql/coalescing.rs`).

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

use entity::{account, message};
use futures_util::future::join_all;
use message_credits::store::sql::siblings::Siblings;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, prelude::Uuid,
};
use serde_json::json;
use tracing::{Subscriber, field::Field, span};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::support::{
    Server,
    message::{send, to_italians, to_list},
    on_both_databases,
};

/// What a page of accounts with their lists shows.
const NESTED: &str = "query($from: DateTime!, $to: DateTime!) {
    accounts(first: 50) { nodes { name balance { available }
        usage(from: $from, to: $to) { totals { credits } }
        lists(first: 20) { nodes { name
            allocation { available }
            usage(from: $from, to: $to, interval: MONTH) { id totals { credits } buckets { usage { credits } } }
            messages(first: 5) { nodes { name credits } } } } } } }";

/// How many statements more a read of sixteen times as many lists may take: a busy machine may
/// split a turn.
const SLACK: usize = 12;
/// In how many sizes SQLite is asked for the rows of one statement, on average: each size is half
/// of the one before, so 62 lists take five, 14 accounts three, and what is read once takes one.
const SIZES_ON_SQLITE: usize = 3;

/// How often each is read.
const ATTEMPTS: usize = 5;

/// The texts of the statements that are sent to the database, and how often each is.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeMap<String, usize>>>);

impl Statements {
    /// Those since the last call.
    fn take(&self) -> BTreeMap<String, usize> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut counts)
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        values.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "db.statement" {
                let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                *counts.entry(format!("{value:?}")).or_default() += 1;
            }
        });
    }
}

/// Adds accounts with as many lists each, and with as many messages to each list.
async fn fill(server: &Server, accounts: usize, each: usize) {
    for number in 0..accounts {
        let tenant = server.account(&format!("Shop {number}")).await;
        server.grant(&tenant, "1000").await;
        for number in 0..each {
            let name = format!("List {number}");
            let heads = json!([{ "countryCode": "IT", "recipientCount": 2 }]);
            let list = server.list(&tenant, &name, heads).await;
            for _ in 0..each {
                send(server, &tenant, to_list(&list, "Ciao")).await;
            }
        }
    }
}

async fn do_not_grow_with_the_rows(server: Server, sizes: usize) {
    let statements = Statements::default();
    tracing_subscriber::registry()
        .with(statements.clone())
        .init();
    let count = async || {
        statements.take();
        let variables = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" });
        let data = server.data(server.admin_key(), NESTED, variables).await;
        let messages: Vec<_> = data["accounts"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|account| account["lists"]["nodes"].as_array().unwrap())
            .flat_map(|list| list["messages"]["nodes"].as_array().unwrap())
            .map(|message| message["credits"].clone())
            .collect();
        assert!(messages.iter().all(|credits| credits == "2"), "{data}");
        (messages.len(), statements.take())
    };
    // How many batches a request makes depends on the machine's load, too: its form decides the
    // fewest.
    let sum = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    let least = async || {
        let mut counts = Vec::new();
        for _ in 0..ATTEMPTS {
            counts.push(count().await);
        }
        counts
            .into_iter()
            .min_by_key(|(_, counts)| sum(counts))
            .unwrap()
    };
    fill(&server, 2, 2).await;
    let (few, with_few) = least().await;
    fill(&server, 12, 5).await;
    let (many, with_many) = least().await;
    assert_eq!((few, many), (8, 308));
    assert!(sum(&with_few) > 0, "no statement was counted");
    let (least, most) = (sum(&with_few), sum(&with_many));
    println!("{few} messages took {least} statements, {many} took {most}");
    assert!(
        most <= least * sizes + SLACK,
        "{least} statements for {few} messages, {most} for {many}: {with_many:#?}",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nested_read_takes_no_more_statements_for_more_rows_on_sqlite() {
    do_not_grow_with_the_rows(Server::on_sqlite().await, SIZES_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nested_read_takes_no_more_statements_for_more_rows_on_postgres() {
    if let Some(server) = Server::on_postgres().await {
        do_not_grow_with_the_rows(server, 1).await;
    }
}

/// The histories of a page's messages.
const HISTORIES: &str = "query($id: ID!) { account(id: $id) { messages(first: 60) { nodes {
    transactions(first: 3) { nodes { kind } totalCount } media { contentType } } } } }";

async fn histories_are_read_together(server: Server, sizes: usize) {
    let statements = Statements::default();
    tracing_subscriber::registry()
        .with(statements.clone())
        .init();
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "1000").await;
    let mut fewest = Vec::new();
    for more in [2, 48] {
        for _ in 0..more {
            send(&server, &tenant, to_italians(1)).await;
        }
        let mut counts = Vec::new();
        for _ in 0..ATTEMPTS {
            statements.take();
            let variables = json!({ "id": tenant.id });
            let data = server.data(&tenant.owner, HISTORIES, variables).await;
            let messages = data["account"]["messages"]["nodes"].as_array().unwrap();
            assert!(
                messages
                    .iter()
                    .all(|message| message["transactions"]["totalCount"] == 1)
            );
            counts.push(statements.take().values().sum::<usize>());
        }
        fewest.extend(counts.into_iter().min());
    }
    let [few, many] = fewest[..] else {
        unreachable!()
    };
    assert!(few > 0 && many <= few * sizes + SLACK, "{few} {many}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_messages_are_read_together_on_sqlite() {
    histories_are_read_together(Server::on_sqlite().await, SIZES_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_messages_are_read_together_on_postgres() {
    if let Some(server) = Server::on_postgres().await {
        histories_are_read_together(server, 1).await;
    }
}

on_both_databases! {
    /// Whatever runs together returns what each statement returned alone, in its order.
    async fn merged_reads_are_as_each_alone(server: Server) {
        fill(&server, 3, 3).await;
        let store = server.services().store.clone();
        let reader = store.reader();
        let accounts = account::Entity::find().all(reader).await.unwrap();
        let sent = |account: &account::Model, most: u64| {
            message::Entity::find()
                .filter(message::Column::AccountId.eq(account.id))
                .order_by_desc(message::Column::SentAt)
                .order_by_desc(message::Column::Id)
                .limit(most)
        };
        let siblings = Siblings::over(reader);
        // Different limits, an account without rows, and one that is asked for twice.
        let nobody = account::Model { id: Uuid::nil(), ..accounts[0].clone() };
        let asked: Vec<_> = accounts.iter().chain([&nobody, &accounts[0]])
            .flat_map(|account| [(account, 2), (account, 5), (account, 1_000)])
            .collect();
        let together = join_all(asked.iter().map(|(account, most)| sent(account, *most).all(&siblings))).await;
        let mut rows = 0;
        for ((account, most), found) in asked.iter().zip(together) {
            let alone = sent(account, *most).all(reader).await.unwrap();
            rows += alone.len();
            assert_eq!(found.unwrap(), alone);
        }
        assert_eq!(rows, 4 * (2 + 5 + 9));
        // Counts, read by their position.
        let counts = join_all(accounts.iter().map(|account| sent(account, 7).count(&siblings))).await;
        assert_eq!(counts.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [7, 7, 7]);
        // A value that arrays can't hold runs alone, and one statement's fault is its siblings'.
        let of_list = |list: Option<Uuid>| message::Entity::find().filter(message::Column::ListId.eq(list));
        let (none, some) = tokio::join!(of_list(None).all(&siblings), of_list(Some(Uuid::nil())).all(&siblings));
        assert_eq!((none.unwrap(), some.unwrap()), (vec![], vec![]));
        let broken = |id: Uuid| {
            let backend = siblings.get_database_backend();
            siblings.query_all_raw(Statement::from_sql_and_values(backend, "SELECT nothing FROM accounts WHERE id = $1", [id.into()]))
        };
        let broken = join_all(accounts.iter().map(|account| broken(account.id))).await;
        assert!(broken.iter().all(Result::is_err), "{broken:?}");
    }
}
