//! Tables of work: rows that are due at an instant, each for one of many callers.
//!
//! Here: claiming due rows. Not here: what the work is, and when it is due again.

use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait,
    Statement,
};

use super::{joined, shards};

/// A table with the column `next_at`, at which a row is due, in microseconds since the epoch.
pub(in crate::store) struct WorkQueue {
    /// The table.
    pub table: &'static str,
    /// The columns of its primary key, separated by commas.
    pub key: &'static str,
    /// The column that says until when a row is claimed; `next_at` itself if nobody else changes
    /// that meanwhile.
    pub claimed_until: &'static str,
}

impl WorkQueue {
    /// Claims the rows that are due for the caller until an instant, the longest due first, at most
    /// `limit`. Two callers never claim the same one.
    pub async fn claim_due<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        (now, until): (Timestamp, Timestamp),
        limit: u64,
    ) -> Result<Vec<E::Model>, DbErr> {
        let backend = connection.get_database_backend();
        if backend == DatabaseBackend::Postgres && shards::are_used() {
            return self
                .claim_on_shards::<E>(connection, (now, until), limit)
                .await;
        }
        let skip = match backend {
            DatabaseBackend::Postgres => "FOR UPDATE SKIP LOCKED",
            _ => "",
        };
        let Self {
            table,
            key,
            claimed_until: claim,
        } = self;
        let columns = joined::all::<E::Column>("");
        let claim = Statement::from_sql_and_values(
            backend,
            format!(
                "UPDATE {table} SET {claim} = $1 WHERE ({key}) IN (\
                 SELECT {key} FROM {table} WHERE next_at <= $2 \
                 AND ({claim} IS NULL OR {claim} <= $2) \
                 ORDER BY next_at LIMIT $3 {skip}) RETURNING {columns}"
            ),
            [
                until.as_microsecond().into(),
                now.as_microsecond().into(),
                limit.into(),
            ],
        );
        E::find().from_raw_sql(claim).all(connection).await
    }

    /// Claims rows of distributed tables. Citus locks rows of one shard at a time, so it finds them
    /// first, and claims each that nobody else has claimed meanwhile.
    async fn claim_on_shards<E: EntityTrait>(
        &self,
        connection: &impl ConnectionTrait,
        (now, until): (Timestamp, Timestamp),
        limit: u64,
    ) -> Result<Vec<E::Model>, DbErr> {
        let backend = DatabaseBackend::Postgres;
        let Self {
            table,
            key,
            claimed_until: claim,
        } = self;
        let due = format!("next_at <= $1 AND ({claim} IS NULL OR {claim} <= $1)");
        let find = Statement::from_sql_and_values(
            backend,
            format!("SELECT * FROM {table} WHERE {due} ORDER BY next_at LIMIT $2"),
            [now.as_microsecond().into(), limit.into()],
        );
        let keys: Vec<&str> = key.split(", ").collect();
        let mut of_key = String::new();
        for (place, column) in keys.iter().enumerate() {
            of_key.push_str(&format!(" AND {column} = ${}", place + 3));
        }
        let columns = joined::all::<E::Column>("");
        let sql =
            format!("UPDATE {table} SET {claim} = $2 WHERE {due}{of_key} RETURNING {columns}");
        let mut claimed = Vec::new();
        for found in E::find().from_raw_sql(find).all(connection).await? {
            let mut values = vec![now.as_microsecond().into(), until.as_microsecond().into()];
            for key in &keys {
                let column = E::Column::iter().find(|column| column.as_str() == *key);
                values.extend(column.map(|column| found.get(column)));
            }
            let claim = Statement::from_sql_and_values(backend, sql.as_str(), values);
            claimed.extend(E::find().from_raw_sql(claim).one(connection).await?);
        }
        Ok(claimed)
    }
}
