//! The settings of a connection to PostgreSQL, and how they reach it.
//!
//! Here: opening a pool whose connections have settings, and finding out whether a pooler in
//! between gives each client a connection of its own. Not here: which settings a pool has
//! ([`super::postgres`]), and which host it leads to ([`super::reach`]).

use sea_orm::{
    DatabaseConnection, SqlxPostgresConnector,
    sqlx::{
        self, ConnectOptions, PgConnection, Row,
        error::DatabaseError,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

use super::pools;

/// How often a pooler is asked whether it shares connections. Once is enough for one that reuses
/// the connection that was used last; one that takes them in turn is found out the second time.
const PROBES: u32 = 4;

/// How a new connection gets its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// With the packet that opens it. Costs no round trip, and lasts as long as the connection.
    Startup,
    /// By a first statement, because a pooler in session mode drops them from the packet.
    Statement,
}

/// The settings of a pool's connections, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Session(Vec<(&'static str, String)>);

impl Session {
    /// These settings, and further ones. Names and values must be plain words.
    pub(super) fn with<V: Into<String>>(
        mut self,
        settings: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let settings = settings.into_iter();
        self.0
            .extend(settings.map(|(name, value)| (name, value.into())));
        self
    }

    /// Opens a pool whose connections have these settings. They are opened on demand; the wait for
    /// one ends then, as which pool it is measured.
    pub(super) fn pool(
        self,
        carrier: Carrier,
        host: PgConnectOptions,
        pool: PgPoolOptions,
        measured: Option<pools::Pool>,
    ) -> DatabaseConnection {
        let host = host.disable_statement_logging();
        let (host, statement) = match carrier {
            Carrier::Startup => (host.options(self.0), None),
            Carrier::Statement => (host, Some(self.statement())),
        };
        let pool = pool.after_connect(move |connection, _| {
            let statement = statement.clone();
            Box::pin(async move {
                if let Some(statement) = statement {
                    let set = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
                    set.execute(connection).await?;
                }
                if let Some(pool) = measured {
                    pools::handed_out(pool);
                }
                Ok(())
            })
        });
        let pool = pool.connect_lazy_with(host);
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }

    fn statement(&self) -> String {
        let each = |(name, value): &(&str, String)| format!("SET {name} = '{value}'");
        let each: Vec<String> = self.0.iter().map(each).collect();
        each.join(";")
    }
}

/// Whether two clients of a pooler keep connections of their own: in session mode, but not in
/// transaction mode, where what a client sets on its connection reaches others.
pub(super) async fn is_own(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let own = process(first).await?;
    for _ in 0..PROBES {
        match sqlx::raw_sql("BEGIN").execute(&mut *second).await {
            Ok(_) => {}
            Err(cause) if refuses_transactions(&cause) => return Ok(false),
            Err(cause) => return Err(cause),
        }
        // While the second one holds its connection, the first must still have the one it had.
        let is_own = process(second).await? != own && process(first).await? == own;
        sqlx::raw_sql("ROLLBACK").execute(&mut *second).await?;
        if !is_own {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a pooler shares connections statement by statement.
fn refuses_transactions(cause: &sqlx::Error) -> bool {
    let message = cause.as_database_error().map(DatabaseError::message);
    message.is_some_and(|message| message.contains("statement pooling"))
}

/// The process of PostgreSQL that answers. A prepared statement might belong to another one.
async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid() AS process");
    row.fetch_one(connection).await?.try_get("process")
}

#[cfg(test)]
mod tests {
    use super::Session;

    #[test]
    fn settings_are_one_statement_each() {
        let session = Session::default()
            .with([("jit", "off")])
            .with([("lock_timeout", "10000ms".to_owned())]);
        let expected = "SET jit = 'off';SET lock_timeout = '10000ms'";
        assert_eq!(session.statement(), expected);
        assert_eq!(Session::default().statement(), "");
    }
}
