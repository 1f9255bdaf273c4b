//! docs/ledger.md against the ledger: its postings are those that are made, its queries answer, and the tests that
//! it names are there. And the properties of keys and hashes.

use std::{collections::BTreeSet, fs, path::Path};

use domain::id::MessageId;
use entity::{
    posting, purchase,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use message_credits::{
    ledger::{Act, chain},
    operations::idempotency,
};
use proptest::prelude::*;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DatabaseBackend, EntityTrait, Statement, prelude::Uuid,
    sea_query::Expr,
};
use serde_json::json;

use crate::{
    purchase::{begin, package},
    support::{
        Server, Tenant, on_both_databases,
        sending::{self, submit},
    },
    verify::{books, message},
};

const PAGE: &str = include_str!("../../docs/ledger.md");

/// A kind with the books that it moves and which way: `SPEND` of `HELD -` and `SPENT +`.
type Shape = (String, BTreeSet<String>);

/// The rows of the page's table of postings.
fn told_shapes() -> BTreeSet<Shape> {
    let table = PAGE
        .split("## What is posted")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let kind = cells[0].trim_matches('`').to_owned();
        let moves = cells[2]
            .split('`')
            .filter(|part| !part.trim().is_empty() && *part != "none");
        (kind, moves.map(str::to_owned).collect())
    })
    .collect()
}

/// What the ledger of every account did.
async fn made_shapes(server: &Server) -> BTreeSet<Shape> {
    let reader = server.services().store.reader();
    let transactions = transaction::Entity::find().all(reader).await.unwrap();
    let postings = posting::Entity::find().all(reader).await.unwrap();
    let shape = |row: &transaction::Model| {
        let own = postings
            .iter()
            .filter(|one| one.account_id == row.account_id && one.sequence == row.sequence);
        let sign = |units: i64| if units < 0 { '-' } else { '+' };
        let moves = own.map(|one| format!("{} {}", one.book.to_value(), sign(one.units)));
        (row.kind.to_value(), moves.collect())
    };
    transactions.iter().map(shape).collect()
}

/// Everything that an account can go through.
async fn whole_history(server: &Server) -> Tenant {
    let tenant = books(server).await;
    let now = || server.services().clock.now();
    // Messages that cost nothing, one given up and one settled.
    for act in [
        |message| Act::Cancel {
            message,
            list: None,
        },
        |message| Act::Settle {
            message,
            list: None,
            sent: None,
        },
    ] {
        let mut new = sending::new_message(&message(None, "2026-11-22T08:00:00Z", 0));
        new.send_at = Some("2027-01-01T08:00:00Z".parse().unwrap());
        let id: MessageId = new.id;
        submit(server, &tenant, now(), Act::Schedule(new)).await;
        submit(server, &tenant, now(), act(id)).await;
    }
    for automatic in [false, true] {
        let package = package(server, 100, 1_000, |row| row.validity_days = Some(30)).await;
        let begun = begin(server, &tenant, &package).await;
        if automatic {
            purchase::Entity::update_many()
                .col_expr(purchase::Column::Automatic, Expr::value(true))
                .exec(server.services().store.writer())
                .await
                .unwrap();
        }
        let url = begun["confirmationUrl"].as_str().unwrap();
        server
            .http()
            .post(url)
            .form(&[("decision", "approve")])
            .send()
            .await
            .unwrap();
    }
    tenant
}

/// The page's queries, each with its question.
fn queries() -> Vec<(&'static str, &'static str)> {
    let parts: Vec<&str> = PAGE.split("```").collect();
    let pairs = parts
        .chunks(2)
        .filter_map(|pair| Some((pair[0], pair.get(1)?.strip_prefix("sql")?)));
    pairs
        .map(|(before, query)| (before.trim().rsplit("\n\n").next().unwrap(), query.trim()))
        .collect()
}

async fn number(server: &Server, query: &str) -> i64 {
    let store = &server.services().store;
    let statement = Statement::from_string(store.backend(), query);
    let row = store.reader().query_one_raw(statement).await;
    let row = row
        .unwrap_or_else(|error| panic!("{error}: {query}"))
        .unwrap();
    row.try_get("", "n").unwrap()
}

on_both_databases! {
    /// Each row of the table is something that the ledger does, and it does nothing else.
    async fn the_page_tells_every_posting(server: Server) {
        whole_history(&server).await;
        assert_eq!(made_shapes(&server).await, told_shapes());
    }

    /// Each query runs; those that should find nothing find nothing, the others something.
    async fn the_page_answers_an_auditor(server: Server) {
        let tenant = whole_history(&server).await;
        let reader = server.services().store.reader();
        let id = |id: Uuid| match server.services().store.backend() {
            DatabaseBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.simple()),
        };
        let lot = entity::lot::Entity::find().one(reader).await.unwrap().unwrap();
        let spend = transaction::Entity::find().all(reader).await.unwrap();
        let spend = spend.iter().rfind(|row| row.kind == TransactionKind::Spend && row.available_change_units < 0).unwrap();
        let (from, to) = (0, server.services().clock.now().as_microsecond());
        let of = |query: &str| query
            .replace(":account", &id(sending::account(&tenant).uuid()))
            .replace(":lot", &id(lot.id))
            .replace(":message", &id(spend.message_id.unwrap()))
            .replace(":from", &from.to_string())
            .replace(":to", &to.to_string())
            .replace(":at", &to.to_string());
        let mut sums = Vec::new();
        for (question, query) in queries() {
            let query = of(query);
            let rows = number(&server, &format!("SELECT COUNT(*) AS n FROM ({query}) AS answer")).await;
            let expects_none = question.contains("(expected: none)");
            assert_eq!(rows == 0, expects_none, "{question} has {rows} rows");
            if question.contains("can it spend") || question.contains("could it spend") || question.contains("is answered") {
                sums.push(number(&server, &format!("SELECT CAST(SUM(units) AS BIGINT) AS n FROM ({query}) AS answer")).await);
            }
        }
        let read = "{ account { balance { available } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        let available: domain::credits::Credits = data["account"]["balance"]["available"].as_str().unwrap().parse().unwrap();
        assert_eq!(sums, [available.units(); 3]);
        assert!(queries().len() >= 14, "{}", queries().len());
    }
}

/// Every law has its tests, by the names that they have.
#[test]
fn the_page_names_tests_that_are_there() {
    let table = PAGE.split("## The laws and their tests").nth(1).unwrap();
    let mut laws = BTreeSet::new();
    for row in table
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("::"))
    {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        laws.insert(cells[0].split(' ').next().unwrap());
        for tests in &cells[1..3] {
            let names: Vec<&str> = tests
                .split('`')
                .filter(|part| part.contains("::"))
                .collect();
            assert!(!names.is_empty(), "{row} names no test");
            for name in names {
                let (file, function) = name.split_once("::").unwrap();
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
                let source =
                    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
                assert!(
                    source.contains(&format!("fn {function}")),
                    "{file} has no {function}"
                );
            }
        }
    }
    let expected = [
        "L1", "L2", "L3", "L4", "P1", "P2", "H1", "H2", "H3", "B1", "B2", "B3", "B4", "B5", "B6",
    ];
    assert_eq!(laws, BTreeSet::from(expected));
}

fn any_row() -> impl Strategy<Value = transaction::Model> {
    let number = any::<i64>;
    let id = || any::<u128>().prop_map(Uuid::from_u128);
    let some = || prop::option::of(id());
    let text = || prop::option::of("[a-zè]{0,9}");
    (
        (id(), number(), id(), number(), some(), some(), text()),
        (number(), number(), number(), number()),
        (
            prop::option::of(number()),
            prop::option::of(number()),
            text(),
        ),
    )
        .prop_map(|(named, left, next)| transaction::Model {
            account_id: named.0,
            sequence: named.1,
            id: named.2,
            kind: TransactionKind::Spend,
            created_at: named.3,
            list_id: named.4,
            message_id: named.5,
            note: named.6,
            available_change_units: left.0,
            available_units: left.1,
            held_units: left.2,
            unassigned_units: left.3,
            next_expiry_units: next.0,
            next_expiry_at: next.1,
            next_expiry_on: next.2,
            hash: Vec::new(),
        })
}

fn any_posting() -> impl Strategy<Value = posting::Model> {
    let id = || prop::option::of(any::<u128>().prop_map(Uuid::from_u128));
    (any::<i32>(), id(), id(), any::<i64>()).prop_map(|(position, list_id, lot_id, units)| {
        posting::Model {
            account_id: Uuid::nil(),
            sequence: 1,
            position,
            book: BookName::Held,
            list_id,
            lot_id,
            units,
        }
    })
}

/// The row with one column changed, for every column that is hashed.
fn changed_rows(row: &transaction::Model) -> Vec<transaction::Model> {
    let other = |id: Uuid| Uuid::from_u128(id.as_u128() ^ 1);
    let option = |id: Option<Uuid>| {
        if id.is_none() {
            Some(Uuid::nil())
        } else {
            None
        }
    };
    let text = |text: &Option<String>| {
        text.as_ref()
            .map_or(Some(String::new()), |text| Some(format!("{text} ")))
    };
    let number = |number: Option<i64>| if number.is_none() { Some(0) } else { None };
    let row = || row.clone();
    vec![
        transaction::Model {
            account_id: other(row().account_id),
            ..row()
        },
        transaction::Model {
            sequence: row().sequence ^ 1,
            ..row()
        },
        transaction::Model {
            id: other(row().id),
            ..row()
        },
        transaction::Model {
            kind: TransactionKind::Grant,
            ..row()
        },
        transaction::Model {
            created_at: row().created_at ^ 1,
            ..row()
        },
        transaction::Model {
            list_id: option(row().list_id),
            ..row()
        },
        transaction::Model {
            message_id: option(row().message_id),
            ..row()
        },
        transaction::Model {
            note: text(&row().note),
            ..row()
        },
        transaction::Model {
            available_change_units: row().available_change_units ^ 1,
            ..row()
        },
        transaction::Model {
            available_units: row().available_units ^ 1,
            ..row()
        },
        transaction::Model {
            held_units: row().held_units ^ 1,
            ..row()
        },
        transaction::Model {
            unassigned_units: row().unassigned_units ^ 1,
            ..row()
        },
        transaction::Model {
            next_expiry_units: number(row().next_expiry_units),
            ..row()
        },
        transaction::Model {
            next_expiry_at: number(row().next_expiry_at),
            ..row()
        },
        transaction::Model {
            next_expiry_on: text(&row().next_expiry_on),
            ..row()
        },
    ]
}

fn changed_postings(postings: &[posting::Model]) -> Vec<Vec<posting::Model>> {
    let mut changed = vec![postings[1..].to_vec()];
    let first = || postings[0].clone();
    let option = |id: Option<Uuid>| {
        if id.is_none() {
            Some(Uuid::nil())
        } else {
            None
        }
    };
    for one in [
        posting::Model {
            position: first().position ^ 1,
            ..first()
        },
        posting::Model {
            book: BookName::Spent,
            ..first()
        },
        posting::Model {
            list_id: option(first().list_id),
            ..first()
        },
        posting::Model {
            lot_id: option(first().lot_id),
            ..first()
        },
        posting::Model {
            units: first().units ^ 1,
            ..first()
        },
    ] {
        changed.push([&[one], &postings[1..]].concat());
    }
    changed
}

proptest! {
    /// B5: whichever column is changed, the hash is another one; and it follows from the one before.
    #[test]
    fn a_hash_is_of_every_column(
        row in any_row(),
        postings in prop::collection::vec(any_posting(), 1..4),
        previous in any::<[u8; 32]>(),
    ) {
        let hash = chain::hash(&previous, &row, &postings);
        prop_assert_eq!(chain::hash(&previous, &row, &postings), hash);
        for changed in changed_rows(&row) {
            prop_assert_ne!(chain::hash(&previous, &changed, &postings), hash, "{:?}", changed);
        }
        for changed in changed_postings(&postings) {
            prop_assert_ne!(chain::hash(&previous, &row, &changed), hash, "{:?}", changed);
        }
        let mut other = previous;
        other[0] ^= 1;
        prop_assert_ne!(chain::hash(&other, &row, &postings), hash);
    }

    /// B4: a key stands for its operation and every argument as it came, and for nothing else.
    #[test]
    fn a_fingerprint_is_of_every_argument(
        key in "[a-z0-9-]{1,40}",
        arguments in prop::collection::vec("[a-z]{0,5}", 0..5),
        more in "[a-z]{0,5}",
        place in any::<prop::sample::Index>(),
    ) {
        let of = |operation: &str, arguments: &Vec<String>| {
            idempotency::key(&key, operation, arguments).unwrap().fingerprint
        };
        let first = of("send", &arguments);
        prop_assert_eq!(of("send", &arguments), first);
        prop_assert_ne!(of("schedule", &arguments), first);
        let mut longer = arguments.clone();
        longer.insert(place.index(arguments.len() + 1), more);
        prop_assert_ne!(of("send", &longer), first);
        if let Some(last) = arguments.last() {
            let mut other = arguments.clone();
            *other.last_mut().unwrap() = format!("{last}x");
            prop_assert_ne!(of("send", &other), first);
        }
    }
}
