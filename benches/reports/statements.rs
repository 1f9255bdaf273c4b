//! The credits of a busy month, added up from its postings, beside the same from the balances in the
//! transactions' rows, which are fewer but prove nothing about the postings.

use std::time::Instant;

use domain::id::AccountId;
use message_credits::{app, store::Store};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use crate::{Failure, data::World, median};

const ROUNDS: usize = 5;
/// The month: March 2026 in Rome.
const MONTH: &str = "2026-03-01";
/// Its first instant and its last, in microseconds.
const FROM: i64 = 1_772_319_600_000_000;
const LAST: i64 = 1_774_994_399_999_999;
/// What a charge takes, in units of 1/10,000 credit.
const CHARGE: u64 = 10_000;

/// Fills a month with charges of two postings each, and times both ways.
pub async fn measure(world: &World, postings: u64) -> Result<(), Failure> {
    let charges = postings / 2;
    let store = app::open(&world.url).await?;
    fill(&store, world.small, charges).await?;
    let app = world.app().await?;
    let account = message_credits::store::account::find(store.reader(), world.small)
        .await?
        .ok_or("the account")?;
    let failed = |cause| format!("{cause:?}");
    let (mut ours, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let statement = app.services.statement(&account, MONTH).await;
        let statement = statement.map_err(failed)?;
        let month = app.services.month_credits(&statement).await;
        ours.push(begun.elapsed().as_secs_f64());
        let spent = month.map_err(failed)?.ok_or("a month")?.spent.units();
        let begun = Instant::now();
        let same = from_rows(&store, world.small).await?;
        rows.push(begun.elapsed().as_secs_f64());
        if spent != i64::try_from(charges * CHARGE)? || spent != same {
            return Err(format!("{spent} and {same} units were spent").into());
        }
    }
    println!(
        "statement of {charges} charges: from postings {:.2} s, from the rows of transactions {:.2} s",
        median(ours),
        median(rows)
    );
    for line in plan(&store, world.small).await? {
        println!("    {line}");
    }
    store.close().await;
    Ok(())
}

fn id(store: &Store, account: AccountId) -> String {
    match store.backend() {
        DatabaseBackend::Postgres => format!("'{}'::uuid", account.uuid()),
        _ => format!("x'{}'", account.uuid().simple()),
    }
}

/// A grant before the month, and charges spread evenly over it. They have no hashes, which a
/// statement doesn't read.
async fn fill(store: &Store, account: AccountId, charges: u64) -> Result<(), Failure> {
    let account = id(store, account);
    let (numbers, uuid, hash) = match store.backend() {
        DatabaseBackend::Postgres => (
            format!("generate_series(1::bigint, {charges}::bigint) AS s(n)"),
            "gen_random_uuid()",
            r"'\x00'::bytea",
        ),
        _ => (
            format!(
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {charges}) SELECT n FROM s)"
            ),
            "randomblob(16)",
            "x'00'",
        ),
    };
    let all = charges * CHARGE;
    let step = (LAST - FROM) / i64::try_from(charges)?;
    let columns = "account_id, sequence, id, kind, created_at, available_change_units, available_units, held_units, \
                   unassigned_units, hash";
    let postings = "INSERT INTO posting_rows (account_id, sequence, position, book, units)";
    let statements = [
        format!(
            "INSERT INTO transactions ({columns}) SELECT {account}, 1, {uuid}, 'GRANT', {FROM} - 1, {all}, {all}, 0, \
             {all}, {hash}"
        ),
        format!(
            "INSERT INTO transactions ({columns}) SELECT {account}, n + 1, {uuid}, 'SPEND', {FROM} + (n - 1) * {step}, \
             -{CHARGE}, {all} - n * {CHARGE}, 0, {all} - n * {CHARGE}, {hash} FROM {numbers}"
        ),
        format!("{postings} SELECT {account}, n + 1, 0, 'AVAILABLE', -{CHARGE} FROM {numbers}"),
        format!("{postings} SELECT {account}, n + 1, 1, 'SPENT', {CHARGE} FROM {numbers}"),
        format!(
            "UPDATE books SET sequence = {charges} + 1, last_at = {LAST} WHERE account_id = {account}"
        ),
    ];
    let transaction = store.begin().await?;
    if store.backend() == DatabaseBackend::Postgres {
        // A million rows take longer than the server allows for a statement.
        let no_timeout = "SET LOCAL statement_timeout = 0";
        transaction.execute_unprepared(no_timeout).await?;
    }
    for sql in statements {
        transaction.execute_unprepared(&sql).await?;
    }
    transaction.commit().await?;
    if store.backend() == DatabaseBackend::Postgres {
        store
            .writer()
            .execute_unprepared("ANALYZE transactions, postings")
            .await?;
    }
    Ok(())
}

/// What was spent, by the differences between balances.
async fn from_rows(store: &Store, account: AccountId) -> Result<i64, Failure> {
    let account = id(store, account);
    let sql = format!(
        "SELECT CAST(-SUM(change) AS bigint) AS spent FROM (SELECT kind, available_units + held_units \
         - LAG(available_units + held_units) OVER (ORDER BY sequence) AS change FROM transactions \
         WHERE account_id = {account} AND sequence >= 1 AND created_at <= {LAST}) AS changes WHERE kind = 'SPEND'"
    );
    let statement = Statement::from_string(store.backend(), sql);
    let row = store.reader().query_one_raw(statement).await?;
    Ok(row.ok_or("a sum")?.try_get("", "spent")?)
}

/// How the database reads the postings.
async fn plan(store: &Store, account: AccountId) -> Result<Vec<String>, Failure> {
    let account = id(store, account);
    let (explain, column) = match store.backend() {
        DatabaseBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let sql = format!("{explain} {}", message_credits::store::statement::CHANGES)
        .replace("$1", &account)
        .replace("$2", "1")
        .replace("$3", &i64::MAX.to_string());
    let statement = Statement::from_string(store.backend(), sql);
    let rows = store.reader().query_all_raw(statement).await?;
    let lines = rows.iter().map(|row| row.try_get("", column));
    Ok(lines.collect::<Result<_, _>>()?)
}
