//! Reading the messages of a file: the server's way beside the database's own fastest.

use std::{hint::black_box, time::Instant};

use futures_util::TryStreamExt;
use jiff::Timestamp;
use message_credits::{
    app,
    reports::{file::MessageSource, messages::MessageReader},
    store::{
        Store,
        usage::{UsageFilter, rows::rows},
    },
};
use rusqlite::types;
use sea_orm::{
    DatabaseBackend,
    sea_query::{PostgresQueryBuilder, SqliteQueryBuilder, Value},
    sqlx,
};

use crate::{Failure, Size, data::World, median};

const ROUNDS: usize = 3;

/// Times both, and returns the server's time.
pub async fn measure(world: &World, size: Size) -> Result<f64, Failure> {
    let store = app::open(&world.url).await?;
    let end = "2100-01-01T00:00:00Z".parse()?;
    let filter = UsageFilter::of(world.large, (Timestamp::UNIX_EPOCH, end));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let found = read(&store, &filter).await?;
        ours.push(begun.elapsed().as_secs_f64());
        if found != size.rows.max(1) {
            return Err(format!("{found} rows were read").into());
        }
        let begun = Instant::now();
        let bytes_or_rows = raw(&store, world, &filter).await?;
        theirs.push(begun.elapsed().as_secs_f64());
        if bytes_or_rows < found {
            return Err(format!("the other side read {bytes_or_rows}").into());
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let name = match store.backend() {
        DatabaseBackend::Postgres => "COPY",
        _ => "rusqlite",
    };
    println!(
        "reading: ours {:.2} s ({:.2} million/s), {name} alone {theirs:.2} s: {:.2} of its speed",
        ours,
        size.rows as f64 / ours / 1e6,
        theirs / ours
    );
    store.close().await;
    Ok(ours)
}

async fn read(store: &Store, filter: &UsageFilter) -> Result<u64, Failure> {
    let (snapshot, pinned) = store.pin().await?;
    snapshot.rollback().await?;
    let reader = MessageReader::new(pinned, filter.clone(), Default::default());
    let mut messages = reader.start(Default::default(), |id| id.uuid().to_string());
    let counted = tokio::task::spawn_blocking(move || {
        let mut count = 0;
        while let Some(row) = messages.next_row()? {
            black_box(row);
            count += 1;
        }
        Ok::<_, sea_orm::DbErr>(count)
    });
    Ok(counted.await??)
}

/// The same rows without any of the server's work; returns the number of bytes from PostgreSQL, or
/// of rows from SQLite.
async fn raw(store: &Store, world: &World, filter: &UsageFilter) -> Result<u64, Failure> {
    let select = rows(store.backend(), filter);
    if store.backend() == DatabaseBackend::Postgres {
        let mut connection = sqlx::PgPool::connect(&world.url)
            .await?
            .acquire()
            .await?
            .detach();
        for setting in ["enable_sort", "enable_hashjoin", "enable_mergejoin"] {
            let set = format!("SET {setting} = off");
            sqlx::raw_sql(sqlx::AssertSqlSafe(set))
                .execute(&mut connection)
                .await?;
        }
        let query = format!(
            "COPY ({}) TO STDOUT (FORMAT binary)",
            select.to_string(PostgresQueryBuilder)
        );
        let mut stream = connection.copy_out_raw(&query).await?;
        let mut count = 0;
        while let Some(bytes) = stream.try_next().await? {
            count += bytes.len() as u64;
            black_box(bytes);
        }
        return Ok(count);
    }
    let file = world
        .url
        .trim_start_matches("sqlite://")
        .split('?')
        .next()
        .unwrap_or_default();
    let connection = rusqlite::Connection::open(file)?;
    let (text, values) = select.build(SqliteQueryBuilder);
    let mut statement = connection.prepare(&text)?;
    let columns = statement.column_count();
    let values = values.into_iter().map(|value| match value {
        Value::Uuid(Some(id)) => Ok(types::Value::Blob(id.as_bytes().to_vec())),
        Value::BigInt(Some(number)) => Ok(types::Value::Integer(number)),
        Value::String(Some(text)) => Ok(types::Value::Text(text)),
        other => Err(format!("nothing binds {other:?}")),
    });
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let mut found = statement.query(rusqlite::params_from_iter(values))?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        for place in 0..columns {
            black_box(row.get_ref(place)?);
        }
        count += 1;
    }
    Ok(count)
}
