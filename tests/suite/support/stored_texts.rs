//! Where a text is stored: in which columns of which tables, and on SQLite whether the file has its
//! bytes.
//!
//! Here: searching everything. Not here: what may be there.

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::Server;

/// The columns that have a text, as table.column; `the file` if a SQLite file has its bytes though
/// no row has it.
pub async fn places_of(server: &Server, text: &str) -> Vec<String> {
    let store = &server.services().store;
    let backend = store.backend();
    let columns = match backend {
        DatabaseBackend::Postgres => {
            "SELECT CAST(c.table_name AS TEXT) AS tab, CAST(c.column_name AS TEXT) AS col FROM information_schema.columns c \
             JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"
        }
        _ => {
            "SELECT m.name AS tab, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p \
             WHERE m.type = 'table' ORDER BY 1, 2"
        }
    };
    let rows = store
        .writer()
        .query_all_raw(Statement::from_string(backend, columns))
        .await
        .unwrap();
    let mut places = Vec::new();
    for row in rows {
        let table: String = row.try_get("", "tab").unwrap();
        let column: String = row.try_get("", "col").unwrap();
        let sql = format!(
            "SELECT 1 AS found FROM \"{table}\" WHERE CAST(\"{column}\" AS TEXT) LIKE $1 LIMIT 1"
        );
        let search = Statement::from_sql_and_values(backend, sql, [format!("%{text}%").into()]);
        if store
            .writer()
            .query_one_raw(search)
            .await
            .unwrap()
            .is_some()
        {
            places.push(format!("{table}.{column}"));
        }
    }
    if backend != DatabaseBackend::Postgres && places.is_empty() && is_in_file(server, text).await {
        places.push("the file".to_owned());
    }
    places
}

/// Whether the file has these bytes, once its log is in it.
async fn is_in_file(server: &Server, text: &str) -> bool {
    let writer = server.services().store.writer();
    let ask =
        |sql: &str| writer.query_one_raw(Statement::from_string(DatabaseBackend::Sqlite, sql));
    let emptied = ask("PRAGMA wal_checkpoint(TRUNCATE)")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        emptied.try_get::<i64>("", "busy").unwrap(),
        0,
        "somebody reads"
    );
    let list = ask("PRAGMA database_list").await.unwrap().unwrap();
    let file: String = list.try_get("", "file").unwrap();
    let bytes = std::fs::read(file).unwrap();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
