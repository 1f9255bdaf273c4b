//! Verifying the books: nothing is reported for sound books, and every way of tampering is named.

use domain::id::AccountId;
use message_credits::ledger::{RequestKind, verify::Verified};
use sea_orm::{ConnectionTrait, DatabaseBackend};

use crate::support::{
    Server,
    books::{books, verified},
    citus, on_both_databases,
    sending::{self, account, at, submit},
};

/// Allows changes to the ledger's rows, as an attacker with access to the database could.
pub async fn disarm(server: &Server) {
    let store = &server.services().store;
    let statements: &[&str] = match store.backend() {
        // Distributed tables have no triggers.
        DatabaseBackend::Postgres if citus::coordinator().is_some() => &[],
        DatabaseBackend::Postgres => &[
            "DROP TRIGGER IF EXISTS transactions_append_only ON transactions",
            "DROP TRIGGER IF EXISTS posting_rows_append_only ON posting_rows",
            "DROP TRIGGER IF EXISTS lot_expiry_changes_append_only ON lot_expiry_changes",
            "DROP TRIGGER IF EXISTS actors_append_only ON actors",
        ],
        _ => &[
            "DROP TRIGGER transactions_no_update",
            "DROP TRIGGER transactions_no_delete",
            "DROP TRIGGER posting_rows_no_update",
            "DROP TRIGGER posting_rows_no_delete",
            "DROP TRIGGER lot_expiry_changes_no_update",
            "DROP TRIGGER lot_expiry_changes_no_delete",
            "DROP TRIGGER actors_no_update",
            "DROP TRIGGER actors_no_delete",
        ],
    };
    for statement in statements {
        store.writer().execute_unprepared(statement).await.unwrap();
    }
}

/// Every way of tampering is tried on its own books, beside sound ones: each finding names the
/// account and begins with the expected text.
async fn check_tampering(server: &Server) {
    disarm(server).await;
    let sound = books(server).await;
    for (tamper, what) in [
        (
            "UPDATE books SET unassigned_units = unassigned_units + 1 WHERE {own}",
            "unassigned credits at the head",
        ),
        (
            "UPDATE books SET held_units = 0 WHERE {own}",
            "held credits at the head",
        ),
        (
            "UPDATE books SET sequence = sequence - 1 WHERE {own}",
            "number at the head",
        ),
        (
            "UPDATE books SET last_at = last_at + 1 WHERE {own}",
            "instant at the head",
        ),
        ("DELETE FROM books WHERE {own}", "head of the books"),
        (
            "UPDATE books SET recent_usage = 'none' WHERE {own}",
            "recent usage of the account",
        ),
        (
            "UPDATE books SET recent_usage = '[]' WHERE {own}",
            "usage of 2026-",
        ),
        (
            "UPDATE pools SET free_units = free_units + 10000 WHERE {own}",
            "free credits of list",
        ),
        ("DELETE FROM pools WHERE {own}", "free credits of list"),
        (
            "UPDATE lots SET remaining_units = remaining_units + 1 WHERE {own} AND expires_at IS NULL",
            "remaining credits of lot",
        ),
        (
            "UPDATE lots SET granted_units = granted_units + 1 WHERE {own} AND expires_at IS NULL",
            "granted credits of lot",
        ),
        (
            "UPDATE lots SET expires_on = '2028-01-01' WHERE {own} AND expires_at IS NOT NULL",
            "next expiry",
        ),
        (
            "DELETE FROM lots WHERE {own} AND expires_at IS NULL",
            "granted credits of lot",
        ),
        (
            "UPDATE hold_draws SET units = units - 1 WHERE {own} AND units > 0",
            "hold of message",
        ),
        ("DELETE FROM hold_draws WHERE {own}", "hold of message"),
        (
            "UPDATE posting_rows SET units = units * 2 WHERE {own} AND sequence = 27",
            "hash of transaction 27, the first broken link of the chain",
        ),
        (
            "UPDATE posting_rows SET units = units + 1 WHERE {own} AND sequence = 27 AND position = 0",
            "sum of the postings of transaction 27",
        ),
        (
            "DELETE FROM posting_rows WHERE {own} AND sequence = 27",
            "available change of transaction 27",
        ),
        (
            "UPDATE posting_rows SET sequence = 100000 WHERE {own} AND sequence = 27",
            "the transaction of the postings numbered 100000",
        ),
        (
            "INSERT INTO posting_rows SELECT account_id, sequence, position, book, list_id, lot_id, units \
             FROM postings WHERE {own} AND sequence = 7",
            "hash of transaction 7, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET paid_lot_id = NULL WHERE {own} AND sequence = 7",
            "available change of transaction 7",
        ),
        (
            "UPDATE transactions SET paid_lot_id = id WHERE {own} AND sequence = 7",
            "hash of transaction 7, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET paid_by_list = false WHERE {own} AND sequence = 7",
            "hash of transaction 7, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET available_change_units = available_change_units - 1 \
             WHERE {own} AND sequence = 7",
            "hash of transaction 7, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET actor_id = NULL WHERE {own} AND sequence = 7",
            "hash of transaction 7, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET actor_id = 7 WHERE {own} AND sequence = 7",
            "actor of transaction 7",
        ),
        (
            "UPDATE actors SET on_behalf_of = 'Ada' WHERE {own}",
            "id of an actor",
        ),
        (
            "UPDATE transactions SET note = 'a gift' WHERE {own} AND sequence = 1",
            "hash of transaction 1, the first broken link of the chain",
        ),
        (
            "UPDATE transactions SET created_at = 0 WHERE {own} AND sequence = 9",
            "instant of transaction 9",
        ),
        (
            "UPDATE transactions SET available_units = available_units + 1 WHERE {own} AND sequence = 9",
            "available credits after transaction 9",
        ),
        (
            "UPDATE transactions SET held_units = held_units + 1 WHERE {own} AND sequence = 9",
            "held credits after transaction 9",
        ),
        (
            "UPDATE transactions SET unassigned_units = 0 WHERE {own} AND sequence = 9",
            "unassigned credits after transaction 9",
        ),
        (
            "UPDATE transactions SET next_expiry_units = NULL WHERE {own} AND sequence = 9",
            "next expiry after transaction 9",
        ),
        (
            "DELETE FROM transactions WHERE {own} AND sequence = 9",
            "number of the transaction after 8",
        ),
        (
            "DELETE FROM transactions WHERE {own} AND sequence = (SELECT MAX(sequence) FROM transactions WHERE {own})",
            "number at the head",
        ),
        (
            "UPDATE transactions SET hash = {zero} WHERE {own} AND sequence = (SELECT MAX(sequence) FROM transactions WHERE {own})",
            "hash of the last transaction",
        ),
        (
            "UPDATE messages SET units = units + 1 WHERE {own} AND status = 'SENT'",
            "credits of message",
        ),
        (
            "UPDATE messages SET units = units + 1 WHERE {own} AND recipients = 11",
            "credits of all messages that were sent",
        ),
        (
            "UPDATE messages SET units = 1 WHERE {own} AND status = 'CANCELED'",
            "credits of message",
        ),
        (
            "UPDATE messages SET units = 1 WHERE {own} AND status = 'SCHEDULED'",
            "held credits of message",
        ),
        (
            "UPDATE messages SET status = 'CANCELED', units = 0 WHERE {own} AND status = 'SENT'",
            "status of message",
        ),
        (
            "UPDATE messages SET sent_at = sent_at + 1 WHERE {own} AND status = 'SENT'",
            "instant of message",
        ),
        (
            "UPDATE messages SET list_id = NULL WHERE {own} AND status = 'SENT'",
            "list of message",
        ),
        (
            "DELETE FROM messages WHERE {own} AND status = 'SENT'",
            "that was charged",
        ),
        (
            "DELETE FROM messages WHERE {own} AND status = 'SCHEDULED'",
            "that waits",
        ),
        (
            "UPDATE messages SET status = 'SENT', sent_at = send_at WHERE {own} AND status = 'CANCELED'",
            "messages that were sent",
        ),
        (
            "UPDATE messages SET lines = replace(lines, '0]]', '1]]') WHERE {own}",
            "credits of the destinations of message",
        ),
    ] {
        let tenant = books(server).await;
        let account = account(&tenant);
        let before = verified(server).await;
        assert!(before.drifts.iter().all(|drift| drift.account != account));
        tamper_with(server, account, tamper).await;
        let found = verified(server).await;
        let drifts: Vec<_> = found
            .drifts
            .iter()
            .filter(|drift| drift.account == account)
            .collect();
        assert!(
            drifts.iter().any(|drift| drift.what.contains(what)),
            "{tamper}: {drifts:#?}"
        );
        assert!(
            drifts[0]
                .to_string()
                .starts_with(&format!("{}: ", tenant.id))
        );
        // No other account is reported.
        assert!(
            found
                .drifts
                .iter()
                .all(|drift| drift.account != sending::account(&sound))
        );
        tamper_with(server, account, "DELETE FROM accounts WHERE id = {id}").await;
    }
}

async fn tamper_with(server: &Server, account: AccountId, statement: &str) {
    let store = &server.services().store;
    let (id, zero) = match store.backend() {
        DatabaseBackend::Postgres => (format!("'{}'", account.uuid()), "'\\x00'"),
        _ => (format!("X'{}'", account.uuid().simple()), "X'00'"),
    };
    let statement = statement
        .replace("{own}", &format!("account_id = {id}"))
        .replace("{id}", &id)
        .replace("{zero}", zero);
    let done = store.writer().execute_unprepared(&statement).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
}

on_both_databases! {
    /// Books that only the ledger wrote are sound, however they were used.
    async fn sound_books_have_no_drift(server: Server) {
        let empty = verified(&server).await;
        assert_eq!(empty, Verified::default());
        server.account("Unused").await;
        books(&server).await;
        books(&server).await;
        let found = verified(&server).await;
        assert_eq!(found.drifts, []);
        assert_eq!((found.accounts, found.left_out), (3, 0));
        assert_eq!(found.transactions % 2, 0);
        assert!(found.transactions > 60);
    }

    /// Any change behind the ledger's back is reported with the account.
    async fn tampering_is_named(server: Server) {
        check_tampering(&server).await;
    }

    /// A lot that is marked as used up would never be drawn from. PostgreSQL refuses a mark that
    /// doesn't follow from the lot's credits; on SQLite it is named.
    async fn a_lot_that_is_marked_wrong_is_named(server: Server) {
        let tenant = books(&server).await;
        let mark = "UPDATE lots SET is_open = NOT is_open";
        let marked = server.services().store.writer().execute_unprepared(mark).await;
        if server.services().store.backend() == DatabaseBackend::Postgres {
            let refused = marked.unwrap_err().to_string();
            assert!(refused.contains("is_open"), "{refused}");
            return;
        }
        let found = verified(&server).await;
        let own = found.drifts.iter().filter(|drift| drift.account == account(&tenant));
        let named = own.filter(|drift| drift.what.contains("counts as having credits left"));
        assert_eq!(named.count() as u64, marked.unwrap().rows_affected());
    }

    /// The expiries of lots follow from the changes of time zone, which are in the chain.
    async fn tampering_with_expiries_is_named(server: Server) {
        disarm(&server).await;
        for (tamper, what) in [
            ("UPDATE lot_expiry_changes SET to_at = to_at + 1 WHERE {own}", "the first broken link of the chain"),
            ("UPDATE lot_expiry_changes SET from_at = from_at + 1 WHERE {own}", "next expiry after transaction"),
            ("DELETE FROM lot_expiry_changes WHERE {own}", "the first broken link of the chain"),
            ("UPDATE lot_expiry_changes SET sequence = 100000 WHERE {own}", "the transaction of the changes of expiry numbered 100000"),
            ("UPDATE lots SET expires_at = expires_at + 1 WHERE {own} AND expires_on = '2027-02-01'", "expiry of lot"),
        ] {
            let tenant = books(&server).await;
            let account = account(&tenant);
            let change = RequestKind::ChangeTimeZone { time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap() };
            submit(&server, &tenant, at("2026-06-02T00:00:00Z"), change).await;
            let drifts = async |server: &Server| {
                let mut drifts = verified(server).await.drifts;
                drifts.retain(|drift| drift.account == account);
                drifts
            };
            assert_eq!(drifts(&server).await, []);
            tamper_with(&server, account, tamper).await;
            let found = drifts(&server).await;
            assert!(found.iter().any(|drift| drift.what.contains(what)), "{tamper}: {found:#?}");
        }
    }

    /// Books in which everything is wrong aren't reported row by row.
    async fn reported_drifts_are_bounded(server: Server) {
        disarm(&server).await;
        let tenant = books(&server).await;
        tamper_with(&server, account(&tenant), "UPDATE transactions SET note = 'x' WHERE {own}").await;
        let found = verified(&server).await;
        assert_eq!(found.drifts.len(), 20);
        assert!(found.left_out > 0);
    }
}
