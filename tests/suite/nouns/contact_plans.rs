//! How PostgreSQL finds the contacts of an import and of a search, on a table that was never
//! analysed.

use domain::{
    id::{AccountId, ContactId, ListId},
    private::Private,
};
use message_credits::store::{
    contact::{self, ContactFilter, NewContact, Search, Which},
    sql::{
        bounded::Transaction,
        last_change::LastChanges,
        paging::{Scope, Window},
    },
};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, prelude::Uuid};

use crate::support::{Server, plain_postgres_database};

/// The contacts of the list.
const CONTACTS: i64 = 20_000;
/// The contacts that are looked for at once.
const SOUGHT: usize = 500;

/// How often an index was searched in this transaction, and how many rows of the table were read
/// without an index and by one.
async fn counted(transaction: &Transaction, index: &str) -> [i64; 3] {
    let query = format!(
        "SELECT pg_stat_get_xact_numscans('{index}'::regclass) AS searches, \
         pg_stat_get_xact_tuples_returned('contacts'::regclass) AS passed, \
         pg_stat_get_xact_tuples_fetched('contacts'::regclass) AS fetched"
    );
    let query = Statement::from_string(DatabaseBackend::Postgres, query);
    let row = transaction.query_one_raw(query).await.unwrap().unwrap();
    ["searches", "passed", "fetched"].map(|column| row.try_get("", column).unwrap())
}

/// A contact of an import.
fn row(number: i64) -> NewContact {
    NewContact {
        id: ContactId::new(Uuid::from_u128(0)),
        number: Private::new(number),
        country_code: "IT".to_owned(),
        fields: Private::new(Some("{}".to_owned())),
    }
}

/// Before there are statistics, the planner takes the table for small. The statements that find
/// contacts by their numbers or ids look each up by the index of account, list and number all the
/// same: a plan that goes through the list for each of them took a minute for 100,000 contacts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_import_finds_contacts_by_their_index() {
    // On a cluster the plans are made by the servers with the rows.
    let Some(url) = plain_postgres_database().await else {
        return;
    };
    let server = Server::on_postgres_at(&url, |_| {}).await;
    let transaction = server.services().store.begin().await.unwrap();
    let run = async |text: &str| transaction.execute_unprepared(text).await.unwrap();
    run("ALTER TABLE contacts SET (autovacuum_enabled = off)").await;
    let of = (
        AccountId::new(Uuid::from_u128(1)),
        ListId::new(Uuid::from_u128(2)),
    );
    let (account, list) = (of.0.uuid(), of.1.uuid());
    // The plans of a connection are made once, here for an empty table.
    let nothing = &[390_000_000_000_i64];
    contact::known(&transaction, of, nothing).await.unwrap();
    contact::update(&transaction, of, &[row(nothing[0])], (0, 2))
        .await
        .unwrap();
    for which in [
        Which::Numbers(nothing),
        Which::Ids(&[ContactId::new(Uuid::from_u128(9))]),
    ] {
        contact::delete(&transaction, of, which).await.unwrap();
    }
    run(&format!(
        "INSERT INTO contacts (account_id, list_id, id, number, country_code, created_at, revision) \
         SELECT '{account}', '{list}', lpad(to_hex(n), 32, '0')::uuid, 390000000000 + n, 'IT', 0, 1 \
         FROM generate_series(1, {CONTACTS}) AS n"
    ))
    .await;
    let number = |place: usize| 390_000_000_001 + i64::try_from(place * 7).unwrap();
    let numbers: Vec<i64> = (0..SOUGHT).map(number).collect();
    let rows: Vec<NewContact> = numbers.iter().copied().map(row).collect();
    // Contacts that are not removed by their numbers before.
    let ids: Vec<ContactId> = (0..SOUGHT)
        .map(|place| ContactId::new(Uuid::from_u128(u128::try_from(place * 7 + 2).unwrap())))
        .collect();
    let sought = i64::try_from(SOUGHT).unwrap();
    for (what, index) in [
        // The index of account, list and number, or of account, list and id.
        ("known", "contacts_number"),
        ("update", "contacts_number"),
        ("delete by number", "contacts_number"),
        ("delete by id", "contacts_pkey"),
    ] {
        let before = counted(&transaction, index).await;
        let found = match what {
            "known" => contact::known(&transaction, of, &numbers)
                .await
                .unwrap()
                .len(),
            "update" => {
                contact::update(&transaction, of, &rows, (0, 2))
                    .await
                    .unwrap();
                SOUGHT
            }
            "delete by number" => {
                let gone = contact::delete(&transaction, of, Which::Numbers(&numbers)).await;
                usize::try_from(gone.unwrap().counts["IT"]).unwrap()
            }
            _ => {
                let gone = contact::delete(&transaction, of, Which::Ids(&ids)).await;
                usize::try_from(gone.unwrap().counts["IT"]).unwrap()
            }
        };
        assert_eq!(found, SOUGHT, "{what}");
        let after = counted(&transaction, index).await;
        let [searches, passed, fetched] = [0, 1, 2].map(|place| after[place] - before[place]);
        // By id there are two indexes, of which either serves.
        if index == "contacts_number" {
            assert_eq!(searches, sought, "{what}: one search for each");
        }
        assert_eq!(passed, 0, "{what}: the table is never gone through");
        assert!(fetched <= 3 * sought, "{what}: {fetched} rows were read");
    }
    let updated = "SELECT count(*) AS n FROM contacts WHERE changed_revision = 2";
    let updated = Statement::from_string(DatabaseBackend::Postgres, updated);
    let row = transaction.query_one_raw(updated).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0, "they were removed");
    transaction.rollback().await.unwrap();
}

/// A search for values goes through its list by an index, and reads no contact of another list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_for_values_reads_its_list_alone() {
    let Some(url) = plain_postgres_database().await else {
        return;
    };
    let server = Server::on_postgres_at(&url, |_| {}).await;
    let transaction = server.services().store.begin().await.unwrap();
    let run = async |text: &str| transaction.execute_unprepared(text).await.unwrap();
    run("ALTER TABLE contacts SET (autovacuum_enabled = off)").await;
    let account = AccountId::new(Uuid::from_u128(1));
    for list in [2_u128, 3] {
        let (account, list) = (account.uuid(), Uuid::from_u128(list));
        run(&format!(
            "INSERT INTO contacts (account_id, list_id, id, number, country_code, created_at, revision, fields) \
             SELECT '{account}', '{list}', gen_random_uuid(), 390000000000 + n, 'IT', 0, 1, '{{\"name\":\"Ada ' || n || '\"}}' \
             FROM generate_series(1, {CONTACTS}) AS n"
        ))
        .await;
    }
    let filter = ContactFilter {
        account,
        list: ListId::new(Uuid::from_u128(2)),
        search: Some(Search::Values(vec!["ada".to_owned(), "19999".to_owned()])),
        sort: None,
        changed: LastChanges::default(),
    };
    let window = Window {
        limit: 50,
        from_end: false,
        after: None,
        before: None,
        reverse: false,
        scope: Scope::default(),
    };
    let before = counted(&transaction, "contacts_number").await;
    let page = contact::list(&transaction, &filter, window).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    let found = contact::count(&transaction, &filter).await.unwrap();
    assert_eq!(found, 1);
    let after = counted(&transaction, "contacts_number").await;
    assert_eq!(after[1], before[1], "the table is never gone through");
    let fetched = after[2] - before[2];
    assert!(fetched <= 2 * CONTACTS, "{fetched} rows were read");
    transaction.rollback().await.unwrap();
}
