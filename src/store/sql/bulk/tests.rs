//! Scans of SQLite. Scans of PostgreSQL are tested over HTTP, with the downloads that use them.

use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::{Batch, integer, text};
use crate::store::Store;

type Note = (i64, Option<String>);

async fn store(folder: &tempfile::TempDir, rows: i64) -> Store {
    let file = folder.path().join("notes.db");
    let store = Store::connect(&format!("sqlite://{}?mode=rwc", file.display()))
        .await
        .unwrap();
    let fill = format!(
        "CREATE TABLE notes (n INTEGER, note TEXT);
         INSERT INTO notes WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})
         SELECT n, CASE WHEN n % 3 = 0 THEN NULL ELSE 'è ' || n END FROM c"
    );
    store.writer().execute_unprepared(&fill).await.unwrap();
    store
}

fn notes(above: i64) -> SelectStatement {
    Query::select()
        .columns(["n", "note"])
        .from("notes")
        .and_where(Expr::col("n").gt(above))
        .order_by("n", sea_orm::Order::Asc)
        .to_owned()
}

fn push(notes: &mut Vec<Note>, batch: &Batch) -> Result<(), DbErr> {
    for row in batch.rows::<2>() {
        let [n, note] = row?;
        let note = text(note)?.map(str::to_owned);
        notes.push((integer(n)?.unwrap(), note));
    }
    Ok(())
}

#[tokio::test]
async fn every_row_comes_once_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 20_000).await;
    for above in [0, 19_999, 20_000] {
        let found = store.scan(&notes(above)).fold(Vec::new(), push).await;
        let expected: Vec<Note> = (above + 1..=20_000)
            .map(|n| (n, (n % 3 != 0).then(|| format!("è {n}"))))
            .collect();
        assert_eq!(found.unwrap(), expected);
    }
}

#[tokio::test]
async fn errors_of_the_database_and_of_the_caller_are_returned() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 10).await;
    let nowhere = notes(0).from("nowhere").to_owned();
    let found = store.scan(&nowhere).fold(Vec::new(), push).await;
    assert!(found.unwrap_err().to_string().contains("nowhere"));
    let mut narrow = notes(0);
    narrow.clear_selects().column("n");
    let found = store.scan(&narrow).fold(Vec::new(), push).await;
    assert!(found.unwrap_err().to_string().contains("cut short"));
    let refuse = |_: &mut (), _: &Batch| Err(DbErr::Custom("enough".to_owned()));
    let found = store.scan(&notes(0)).fold((), refuse).await;
    assert!(found.unwrap_err().to_string().contains("enough"));
}

#[tokio::test]
async fn a_cancelled_caller_stops_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 50_000).await;
    let (begun, first) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (ended, end) = tokio::sync::oneshot::channel::<usize>();
    // Sends the number of batches that it saw when it is dropped with the fold.
    #[derive(Debug)]
    struct Seen(usize, Option<tokio::sync::oneshot::Sender<usize>>);
    impl Drop for Seen {
        fn drop(&mut self) {
            let _ = self.1.take().unwrap().send(self.0);
        }
    }
    let fold = store
        .scan(&notes(0))
        .fold(Seen(0, Some(ended)), move |seen, _| {
            seen.0 += 1;
            let _ = begun.send(());
            let _ = wait.recv();
            Ok::<_, DbErr>(())
        });
    let caller = tokio::spawn(fold);
    tokio::task::spawn_blocking(move || first.recv())
        .await
        .unwrap()
        .unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    drop(go_on);
    assert_eq!(end.await.unwrap(), 1);
}
