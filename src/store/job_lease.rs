//! The lease of the process that runs the jobs on distributed tables.
//!
//! Here: taking and renewing it. Not here: the jobs ([`crate::worker`]), which are right if several
//! processes run them, only dearer.

use std::sync::LazyLock;

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement, prelude::Uuid};

use super::{Store, sql::shards};
use crate::entropy;

/// How long a lease lasts, in microseconds. The jobs run each second, and each time renew it.
const LEASE_MICROS: i64 = 5_000_000;

/// This process among the holders.
static OWN: LazyLock<Uuid> = LazyLock::new(|| Uuid::from_bytes(entropy::bytes()));

/// Whether this process is to run the jobs now. Each process is, unless the tables are distributed:
/// then one is, and another one within seconds after it ends.
pub async fn leads(store: &Store) -> Result<bool, DbErr> {
    if !shards::are_used() {
        return Ok(true);
    }
    let statement = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "WITH now AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at) \
         INSERT INTO job_leases AS l (name, holder, until) SELECT 'jobs', $1, at + $2 FROM now \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
         WHERE l.holder = excluded.holder OR l.until <= excluded.until - $2 RETURNING l.name",
        [(*OWN).into(), LEASE_MICROS.into()],
    );
    let row = store.writer().query_one_raw(statement).await?;
    Ok(row.is_some())
}
