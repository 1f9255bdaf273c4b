//! The lots that transactions moved credits of.
//!
//! Here: the sums of postings by lot, of many transactions in one statement. Not here: the sums
//! over lots ([`super::postings`]); the lots themselves ([`crate::store::lot`]).

use std::collections::BTreeMap;

use domain::id::{AccountId, ListId, LotId};
use entity::sql_enums::BookName;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value, prelude::Uuid};

/// The most lots that are read of one book and pool of a transaction.
const MOST_LOTS: i64 = 100;

/// The credits of one lot that a transaction moved in one book and one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotSum {
    /// The book.
    pub book: BookName,
    /// The list whose pool it is; `None` for the unassigned pool.
    pub list: Option<ListId>,
    /// The lot.
    pub lot: LotId,
    /// Units of 1/10,000 credit, with a sign and never zero.
    pub units: i64,
    /// How many lots the transaction moved credits of in this book and pool.
    pub lots: i64,
}

/// Reads the lots of several transactions, each given by its account and sequence number: by book,
/// then by list, then in the order in which they were drawn, at most [`MOST_LOTS`] of each book and
/// list.
pub async fn lots(
    connection: &impl ConnectionTrait,
    of: impl IntoIterator<Item = (AccountId, i64)>,
) -> Result<BTreeMap<(AccountId, i64), Vec<LotSum>>, DbErr> {
    let mut wanted: BTreeMap<AccountId, Vec<i64>> = BTreeMap::new();
    for (account, sequence) in of {
        wanted.entry(account).or_default().push(sequence);
    }
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut values: Vec<Value> = Vec::new();
    let mut any = Vec::new();
    for (account, sequences) in wanted {
        values.push(account.uuid().into());
        let of_account = values.len();
        let places = sequences.into_iter().map(|sequence| {
            values.push(sequence.into());
            format!("${}", values.len())
        });
        let places: Vec<String> = places.collect();
        let places = places.join(", ");
        any.push(format!(
            "(p.account_id = ${of_account} AND p.sequence IN ({places}))"
        ));
    }
    let any = any.join(" OR ");
    // PostgreSQL's sum has a wider type than the column, but one account's credits fit the column.
    let sql = format!(
        "SELECT s.account_id, s.sequence, s.book, s.list_id, s.lot_id, s.units, s.lots FROM ( \
         SELECT m.*, ROW_NUMBER() OVER (PARTITION BY m.account_id, m.sequence, m.book, m.list_id \
         ORDER BY m.place) AS number, \
         COUNT(*) OVER (PARTITION BY m.account_id, m.sequence, m.book, m.list_id) AS lots FROM ( \
         SELECT p.account_id, p.sequence, p.book, p.list_id, p.lot_id, MIN(p.position) AS place, \
         CAST(SUM(p.units) AS BIGINT) AS units FROM postings p \
         WHERE p.lot_id IS NOT NULL AND ({any}) \
         GROUP BY p.account_id, p.sequence, p.book, p.list_id, p.lot_id \
         HAVING SUM(p.units) <> 0) m) s WHERE s.number <= {MOST_LOTS} ORDER BY s.number"
    );
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut found: BTreeMap<_, Vec<LotSum>> = BTreeMap::new();
    for row in connection.query_all_raw(statement).await? {
        let account = AccountId::new(row.try_get("", "account_id")?);
        let list: Option<Uuid> = row.try_get("", "list_id")?;
        let sum = LotSum {
            book: row.try_get("", "book")?,
            list: list.map(ListId::new),
            lot: LotId::new(row.try_get("", "lot_id")?),
            units: row.try_get("", "units")?,
            lots: row.try_get("", "lots")?,
        };
        let sequence = row.try_get("", "sequence")?;
        found.entry((account, sequence)).or_default().push(sum);
    }
    for sums in found.values_mut() {
        // Stable: the lots of a book and list stay in their order.
        sums.sort_by_key(|sum| (sum.book, sum.list));
    }
    Ok(found)
}
