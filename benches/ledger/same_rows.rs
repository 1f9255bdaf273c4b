//! Plain SQL with the very rows that the server writes: one transaction for each message, one
//! statement for each table, over the same driver. It leaves out the chain's hash and everything
//! that needs more than one lot.

use entity::{
    idempotency_key,
    sql_enums::{MessageStatus, TransactionKind},
    transaction,
};
use message_credits::{
    clock::Clock,
    ledger::{Answer, BalanceAnswer, NewMessage, Request, RequestKind, SubmitError},
    store::{
        Store,
        sql::{
            bounded::Transaction,
            table_rows::{self, TableRows},
        },
    },
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

/// Charges one message.
pub async fn send(store: &Store, clock: &Clock, request: Request) -> Result<Answer, SubmitError> {
    let done = spend(store, clock, &request).await;
    done.map_err(|cause| SubmitError::NotDone(cause.to_string()))
}

async fn spend(store: &Store, clock: &Clock, request: &Request) -> Result<Answer, DbErr> {
    let (RequestKind::Send(new), Some(key)) = (&request.kind, &request.key) else {
        panic!("only sends with a key are measured");
    };
    let account = request.account.uuid();
    let units = new.price.credits.units();
    let transaction = store.begin().await?;
    let lock = match store.backend() {
        sea_orm::DatabaseBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let sql = format!(
        "SELECT sequence, unassigned_units, held_units FROM books WHERE account_id = $1{lock}"
    );
    let book = one(&transaction, &sql, [account.into()]).await?;
    let book = book.expect("the account has a book");
    let sequence = book.try_get_by_index::<i64>(0)? + 1;
    let unassigned = book.try_get_by_index::<i64>(1)? - units;
    let held: i64 = book.try_get_by_index(2)?;
    let sql = "SELECT answer FROM idempotency_keys WHERE account_id = $1 AND key = $2";
    let used = one(&transaction, sql, [account.into(), key.key.clone().into()]).await?;
    let sql = "SELECT id, remaining_units FROM lots WHERE account_id = $1 AND remaining_units > 0 \
               ORDER BY expires_at NULLS FIRST, created_at, id LIMIT 1";
    let lot = one(&transaction, sql, [account.into()]).await?;
    let lot = lot.expect("the account has a lot");
    let id: Uuid = lot.try_get_by_index(0)?;
    let remaining = lot.try_get_by_index::<i64>(1)? - units;
    assert!(used.is_none() && remaining >= 0 && unassigned >= 0);
    let now = clock.now().as_microsecond();
    let sql =
        "UPDATE books SET sequence = $2, unassigned_units = $3, last_at = $4 WHERE account_id = $1";
    let values = [
        account.into(),
        sequence.into(),
        unassigned.into(),
        now.into(),
    ];
    run(&transaction, sql, values).await?;
    let sql = "UPDATE lots SET remaining_units = $3 WHERE account_id = $1 AND id = $2";
    run(
        &transaction,
        sql,
        [account.into(), id.into(), remaining.into()],
    )
    .await?;
    let entry = clock.new_id();
    let sql = "INSERT INTO transactions (account_id, sequence, id, kind, created_at, message_id, \
               available_change_units, available_units, held_units, unassigned_units, hash, \
               paid_lot_id, paid_by_list, actor_id) \
               VALUES ($1, $2, $3, 'SPEND', $4, $5, $6, $7, $8, $9, $10, $11, false, 1)";
    let values: [Value; 11] = [
        account.into(),
        sequence.into(),
        entry.into(),
        now.into(),
        new.id.uuid().into(),
        (-units).into(),
        unassigned.into(),
        held.into(),
        unassigned.into(),
        vec![0_u8; 32].into(),
        id.into(),
    ];
    run(&transaction, sql, values).await?;
    let row = message(account, new, now);
    insert_message(&transaction, &row).await?;
    let answer = answer(entry, row, unassigned, held, now);
    let sql = "INSERT INTO idempotency_keys (account_id, key, fingerprint, answer, created_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = [
        account.into(),
        key.key.clone().into(),
        key.fingerprint.to_vec().into(),
        stored(new.id.uuid()).into(),
        now.into(),
    ];
    run(&transaction, sql, values).await?;
    transaction.commit().await?;
    Ok(answer)
}

async fn insert_message(
    transaction: &Transaction,
    row: &entity::message::Model,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO messages (account_id, id, text, channel, encoding, segment_count, recipients, units, \
               status, rate_card_id, send_at, sent_at, created_at, lines, actor_id) \
               VALUES ($1, $2, $3, 'SMS', 'GSM_7', $4, $5, $6, 'SENT', $7, $8, $8, $8, $9, 1)";
    let values: [Value; 9] = [
        row.account_id.into(),
        row.id.into(),
        row.text.clone().into(),
        row.segment_count.into(),
        row.recipients.into(),
        row.units.into(),
        row.rate_card_id.into(),
        row.created_at.into(),
        row.lines.clone().into(),
    ];
    run(transaction, sql, values).await?;
    Ok(())
}

/// This many messages in one transaction, the rows of a table together: the most that the database
/// takes of these rows. Rows are locked, read and written as the server does, and nothing is
/// checked, chained or added up.
pub async fn batch(store: &Store, clock: &Clock, requests: Vec<Request>) -> Result<u64, DbErr> {
    let account = requests.first().expect("a batch").account.uuid();
    let count = i64::try_from(requests.len()).unwrap();
    let transaction = store.begin().await?;
    let lock = match store.backend() {
        sea_orm::DatabaseBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let sql = format!("SELECT sequence, unassigned_units FROM books WHERE account_id = $1{lock}");
    let book = one(&transaction, &sql, [account.into()]).await?.unwrap();
    let (sequence, unassigned): (i64, i64) = (book.try_get_by_index(0)?, book.try_get_by_index(1)?);
    let sql = "SELECT id, remaining_units FROM lots WHERE account_id = $1 AND remaining_units > 0";
    let lot = one(&transaction, sql, [account.into()]).await?.unwrap();
    let (lot, remaining): (Uuid, i64) = (lot.try_get_by_index(0)?, lot.try_get_by_index(1)?);
    let now = clock.now().as_microsecond();
    let mut entries = Vec::new();
    let (mut messages, mut keys) = (Vec::new(), Vec::new());
    let mut spent = 0;
    for (sequence, request) in (sequence + 1..).zip(&requests) {
        let (RequestKind::Send(new), Some(key)) = (&request.kind, &request.key) else {
            panic!("only sends with a key are measured");
        };
        let units = new.price.credits.units();
        spent += units;
        let row = message(account, new, now);
        let entry = entry(
            sequence,
            (account, clock.new_id(), now),
            &row,
            (unassigned - spent, lot),
        );
        keys.push(idempotency_key::Model {
            account_id: account,
            key: key.key.clone(),
            fingerprint: key.fingerprint.to_vec(),
            answer: stored(row.id),
            created_at: now,
        });
        entries.push(entry);
        messages.push(row);
    }
    let sql =
        "UPDATE books SET sequence = $2, unassigned_units = $3, last_at = $4 WHERE account_id = $1";
    let values = [
        (sequence + count).into(),
        (unassigned - spent).into(),
        now.into(),
    ];
    run(
        &transaction,
        sql,
        [account.into()].into_iter().chain(values),
    )
    .await?;
    let sql = "UPDATE lots SET remaining_units = $3 WHERE account_id = $1 AND id = $2";
    let left = (remaining - spent).into();
    run(&transaction, sql, [account.into(), lot.into(), left]).await?;
    let writes = [
        TableRows::insert(entries),
        TableRows::insert(messages),
        TableRows::insert(keys),
    ];
    table_rows::write(&transaction, writes).await?;
    transaction.commit().await?;
    Ok(requests.len() as u64)
}

fn entry(
    sequence: i64,
    (account_id, id, now): (Uuid, Uuid, i64),
    message: &entity::message::Model,
    (left, lot): (i64, Uuid),
) -> transaction::Model {
    transaction::Model {
        account_id,
        sequence,
        id,
        kind: TransactionKind::Spend,
        created_at: now,
        list_id: None,
        message_id: Some(message.id),
        note: None,
        available_change_units: -message.units,
        available_units: left,
        held_units: 0,
        unassigned_units: left,
        next_expiry_units: None,
        next_expiry_at: None,
        next_expiry_on: None,
        hash: vec![0; 32],
        paid_lot_id: Some(lot),
        paid_by_list: Some(false),
        actor_id: Some(1),
    }
}

/// The column with the destinations of a message.
fn lines(new: &NewMessage) -> String {
    let lines = new.price.lines.iter().map(|line| {
        let rate = line.credits_per_segment.map(|credits| credits.units());
        (
            line.country.to_string(),
            line.segment_count,
            line.recipients,
            rate,
            line.credits.units(),
        )
    });
    serde_json::to_string(&lines.collect::<Vec<_>>()).unwrap()
}

/// A message as it is stored after it is sent.
pub fn message(account: Uuid, new: &NewMessage, now: i64) -> entity::message::Model {
    entity::message::Model {
        account_id: account,
        id: new.id.uuid(),
        list_id: None,
        name: new.name.clone(),
        text: new.text.clone(),
        channel: entity::sql_enums::Channel::Sms,
        encoding: Some(entity::sql_enums::Encoding::Gsm7),
        segment_count: i32::try_from(new.segment_count).unwrap(),
        recipients: i64::try_from(new.price.recipients).unwrap(),
        units: new.price.credits.units(),
        status: MessageStatus::Sent,
        rate_card_id: new.rate_card.uuid(),
        send_at: now,
        sent_at: Some(now),
        created_at: now,
        lines: lines(new),
        erased_at: None,
        updated_at: None,
        media: None,
        actor_id: Some(1),
    }
}

/// What is stored with a key.
fn stored(message: Uuid) -> String {
    format!(r#"{{"m":"{message}"}}"#)
}

/// The caller's answer.
pub fn answer(
    entry: Uuid,
    row: entity::message::Model,
    unassigned: i64,
    held: i64,
    now: i64,
) -> Answer {
    Answer {
        transaction: Some(entry),
        message: Some(row.id),
        balance: Some(BalanceAnswer {
            at: now,
            available: unassigned,
            held,
            unassigned,
            next_expiry: None,
        }),
        row: Some(Box::new(row)),
        ..Answer::default()
    }
}

async fn one(
    transaction: &Transaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    transaction.query_one_raw(statement).await
}

async fn run(
    transaction: &Transaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    transaction.execute_raw(statement).await?;
    Ok(())
}
