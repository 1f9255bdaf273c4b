//! Heads of the chains (law B8): a history that was shortened with everything that follows from it
//! agrees with itself, and is found all the same.
//!
//! Here: heads that are compared in memory. Not here: the commands ([`crate::api`]), and their
//! file's form, whose tests are beside it.

use std::collections::BTreeMap;

use entity::lot;
use message_credits::ledger::{
    RequestKind,
    heads::{Head, file::Heads, read},
    verify::{Verified, verify},
};
use sea_orm::{ConnectionTrait, DatabaseBackend, IdenStatic, Iterable};
use serde_json::json;

use super::verify::disarm;
use crate::support::{
    Server, Tenant,
    books::{books, verified},
    on_both_databases,
    sending::{account, at, send_all, sms, submit},
};

/// Every table that follows from the transactions.
const FOLLOW: [&str; 9] = [
    "books",
    "lots",
    "pools",
    "hold_draws",
    "transactions",
    "posting_rows",
    "messages",
    "usage_rollups",
    "idempotency_keys",
];

/// The heads as they are now.
async fn heads(server: &Server) -> Heads {
    let mut accounts: BTreeMap<_, Head> = BTreeMap::new();
    let each = |head: &Head| {
        accounts.insert(head.account, *head);
        Ok(())
    };
    let count = read(server.services().store.reader(), each).await.unwrap();
    assert_eq!(accounts.len() as u64, count);
    Heads {
        at: server.services().clock.now(),
        accounts,
        is_signed: false,
    }
}

async fn against(server: &Server, heads: &Heads) -> Verified {
    let reader = server.services().store.reader();
    verify(reader, Some(heads.clone()), |_| {}).await.unwrap()
}

async fn execute(server: &Server, statements: &[String]) {
    let store = &server.services().store;
    let transaction = store.begin().await.unwrap();
    // No foreign key may keep rows from going in any order.
    let free = match store.backend() {
        DatabaseBackend::Postgres => "SET LOCAL session_replication_role = replica",
        _ => "PRAGMA defer_foreign_keys = ON",
    };
    transaction.execute_unprepared(free).await.unwrap();
    for statement in statements {
        transaction.execute_unprepared(statement).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Keeps everything as it is now.
async fn keep(server: &Server) {
    let copy = |table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
    execute(server, &FOLLOW.map(copy)).await;
}

/// Puts everything back as it was kept, as if nothing had been booked since.
async fn rewind(server: &Server) {
    let empty = FOLLOW.map(|table| format!("DELETE FROM {table}"));
    let fill = FOLLOW.map(|table| match table {
        "lots" => {
            // The database sets the column.
            let set = |column: &lot::Column| !matches!(column, lot::Column::IsOpen);
            let columns = lot::Column::iter().filter(set);
            let names: Vec<_> = columns.map(|column| column.as_str().to_owned()).collect();
            let names = names.join(", ");
            format!("INSERT INTO lots ({names}) SELECT {names} FROM kept_lots")
        }
        _ => format!("INSERT INTO {table} SELECT * FROM kept_{table}"),
    });
    execute(server, &[empty, fill].concat()).await;
}

async fn send_one(server: &Server, tenant: &Tenant, instant: &str) {
    send_all(server, tenant, &[sms(None, instant, 3)]).await;
}

on_both_databases! {
    /// Without the heads, nothing tells a shortened history from one that never went on.
    async fn a_shortened_history_is_named(server: Server) {
        disarm(&server).await;
        let (tenant, other) = (books(&server).await, books(&server).await);
        keep(&server).await;
        send_one(&server, &tenant, "2026-07-01T00:00:00Z").await;
        send_one(&server, &tenant, "2026-07-02T00:00:00Z").await;
        let heads = heads(&server).await;
        let found = against(&server, &heads).await;
        assert_eq!(found.drifts, []);
        assert_eq!(found.last_at, Some(at("2026-07-02T00:00:00Z")));

        rewind(&server).await;
        let alone = verified(&server).await;
        assert_eq!(alone.drifts, [], "the books agree with themselves");
        let number = heads.accounts[&account(&tenant)].transactions;
        let found = against(&server, &heads).await;
        let [drift] = &found.drifts[..] else { panic!("{:#?}", found.drifts) };
        assert_eq!(drift.account, account(&tenant));
        assert_eq!(drift.what, format!("transactions up to the recorded head of the chain, number {number}"));
        assert_eq!((drift.expected.clone(), drift.found.clone()), (number.to_string(), (number - 2).to_string()));

        // Another history of the same length is found by its hash.
        for day in ["2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z", "2026-08-03T00:00:00Z"] {
            send_one(&server, &tenant, day).await;
        }
        assert_eq!(verified(&server).await.drifts, []);
        let found = against(&server, &heads).await;
        let [drift] = &found.drifts[..] else { panic!("{:#?}", found.drifts) };
        assert_eq!(drift.account, account(&tenant));
        assert_eq!(drift.what, format!("hash of transaction {number}, the recorded head of the chain"));
        assert_ne!(account(&other), drift.account);
    }

    /// What is booked after the heads were recorded doesn't matter to them.
    async fn a_history_that_goes_on_contains_its_heads(server: Server) {
        let (tenant, unused) = (books(&server).await, server.account("Unused").await);
        let heads = heads(&server).await;
        assert_eq!(heads.accounts[&account(&unused)].transactions, 0);
        send_one(&server, &tenant, "2026-07-01T00:00:00Z").await;
        server.grant(&unused, "10").await;
        server.account("Later").await;
        let found = against(&server, &heads).await;
        assert_eq!(found.drifts, []);
        assert_eq!(found.accounts, 3);
    }

    /// An account that was recorded and is gone is named.
    async fn a_removed_account_is_named(server: Server) {
        disarm(&server).await;
        let tenant = server.account("Gone").await;
        books(&server).await;
        let heads = heads(&server).await;
        let id = match server.services().store.backend() {
            DatabaseBackend::Postgres => format!("'{}'", account(&tenant).uuid()),
            _ => format!("X'{}'", account(&tenant).uuid().simple()),
        };
        execute(&server, &[
            format!("DELETE FROM books WHERE account_id = {id}"),
            format!("DELETE FROM api_keys WHERE account_id = {id}"),
            format!("DELETE FROM accounts WHERE id = {id}"),
        ])
        .await;
        let found = against(&server, &heads).await;
        let [drift] = &found.drifts[..] else { panic!("{:#?}", found.drifts) };
        assert_eq!((drift.account, &drift.found[..]), (account(&tenant), "none"));
        assert_eq!(found.accounts, 1);
    }

    /// No heads are exported of books that don't end with their last transaction.
    async fn heads_of_unsound_books_are_refused(server: Server) {
        books(&server).await;
        execute(&server, &["UPDATE books SET sequence = sequence - 1".to_owned()]).await;
        let refused = read(server.services().store.reader(), |_| Ok(())).await.unwrap_err();
        assert!(refused.to_string().contains("message-credits verify"), "{refused}");
    }

    /// Owners and the platform read the head that the command exports.
    async fn the_head_is_in_the_api(server: Server) {
        let (tenant, unused) = (books(&server).await, server.account("Unused").await);
        let query = "query($id: ID!) { account(id: $id) { ledgerHead { transactionCount hash at } } }";
        let exported = heads(&server).await;
        let ledger_head = async |key: &str, tenant: &Tenant| {
            let data = server.data(key, query, json!({ "id": tenant.id })).await;
            data["account"]["ledgerHead"].clone()
        };
        let head = exported.accounts[&account(&tenant)];
        let expected = json!({
            "transactionCount": head.transactions,
            "hash": message_credits::ledger::heads::hex(&head.hash),
            "at": "2026-06-01T00:00:00Z",
        });
        for key in [server.admin_key(), &tenant.owner] {
            assert_eq!(ledger_head(key, &tenant).await, expected);
        }
        let none = json!({ "transactionCount": 0, "hash": "0".repeat(64), "at": null });
        assert_eq!(ledger_head(server.admin_key(), &unused).await, none);
        submit(&server, &tenant, at("2026-06-02T00:00:00Z"), RequestKind::Revoke {
            lot: None,
            credits: domain::credits::Credits::whole(1),
            note: "for a test".to_owned(),
        })
        .await;
        let next = ledger_head(&tenant.owner, &tenant).await;
        assert_eq!(next["transactionCount"], head.transactions + 1);
    }
}
