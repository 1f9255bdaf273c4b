//! docs/ledger.md against the ledger: its table has exactly the postings that are made, its queries
//! run, and the tests that it names exist. Not here: the properties of keys and hashes
//! ([`super::ledger_laws`]).

use std::collections::BTreeSet;

use domain::{
    credits::Credits,
    ending::Asker,
    id::{LotId, MessageId},
};
use entity::{posting, purchase, sql_enums::TransactionKind, transaction};
use message_credits::{
    clock::id_at,
    ledger::{End, RequestKind},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, Statement,
    prelude::Uuid, sea_query::Expr,
};
use serde_json::json;

use crate::support::{
    Server, Tenant,
    books::books,
    on_both_databases,
    purchase::{begin, package},
    sending::{self, sms, submit},
    test_provider::purchase_id,
};

const PAGE: &str = include_str!("../../../docs/ledger.md");

/// A kind with the books that it moves and their signs: `SPEND` of `HELD -` and `SPENT +`.
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

/// The shapes of all postings in the ledger.
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

/// Everything that can happen to an account.
async fn whole_history(server: &Server) -> Tenant {
    let tenant = books(server).await;
    let now = || server.services().clock.now();
    // Messages that cost nothing, one cancelled and one settled.
    for end in [End::Cancel(Asker::Account), End::InFull] {
        let mut new = sending::new_message(&sms(None, "2026-11-22T08:00:00Z", 0));
        new.send_at = Some("2027-01-01T08:00:00Z".parse().unwrap());
        let id: MessageId = new.id;
        submit(server, &tenant, now(), RequestKind::Schedule(new)).await;
        let end = RequestKind::End {
            message: id,
            list: None,
            end,
        };
        submit(server, &tenant, now(), end).await;
    }
    let change = RequestKind::ChangeTimeZone {
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
    };
    submit(server, &tenant, now(), change).await;
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
    payments_taken_back(server).await;
    tenant
}

/// Payments that are taken back from another account: with their credits unused, used in part, used
/// up, and revoked; and a purchase that pays the debt.
async fn payments_taken_back(server: &Server) {
    let tenant = server.account("Refunded").await;
    let now = || server.services().clock.now();
    let buy = async || {
        let package = package(server, 10, 100, |_| {}).await;
        let purchase = purchase_id(&begin(server, &tenant, &package).await["id"]);
        let lot = LotId::new(id_at(now()));
        let credit = RequestKind::Credit {
            purchase,
            lot,
            is_confirmed: true,
        };
        submit(server, &tenant, now(), credit).await;
        (purchase, lot)
    };
    let reverse = async |purchase, minor| {
        let reverse = RequestKind::Reverse { purchase, minor };
        submit(server, &tenant, now(), reverse).await;
    };
    let send = async |recipients| {
        let new = sending::new_message(&sms(None, "2026-11-22T08:00:00Z", recipients));
        submit(server, &tenant, now(), RequestKind::Send(new)).await;
    };
    let (purchase, _) = buy().await;
    reverse(purchase, 50).await;
    send(3).await;
    reverse(purchase, 100).await;
    let (purchase, _) = buy().await;
    send(7).await;
    reverse(purchase, 100).await;
    for _ in 0..2 {
        buy().await;
    }
    let (purchase, lot) = buy().await;
    let revoke = RequestKind::Revoke {
        lot: Some(lot),
        credits: Credits::whole(10),
        note: "for a test".to_owned(),
    };
    submit(server, &tenant, now(), revoke).await;
    reverse(purchase, 100).await;
}

/// The page's queries, each with the question that it answers.
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
    /// The ledger makes each row of the table, and no other.
    async fn the_page_lists_every_posting(server: Server) {
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
        let account = sending::account(&tenant).uuid();
        let lots = entity::lot::Entity::find().filter(entity::lot::Column::AccountId.eq(account));
        let lot = lots.one(reader).await.unwrap().unwrap();
        let spend = transaction::Entity::find().filter(transaction::Column::AccountId.eq(account));
        let spend = spend.all(reader).await.unwrap();
        let spend = spend.iter().rfind(|row| row.kind == TransactionKind::Spend && row.available_change_units < 0).unwrap();
        let (from, to) = (0, server.services().clock.now().as_microsecond());
        let of = |query: &str| query
            .replace(":account", &id(account))
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
