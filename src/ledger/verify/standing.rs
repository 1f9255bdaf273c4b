//! Compares what is stored beside the postings with their sums: the head of the book, pools, lots,
//! open holds and messages.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::AccountId;
use entity::{book, lot, pool, sql_enums::MessageStatus};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, prelude::Uuid};

use super::{Findings, credits, read, walk::Walk};
use crate::clock::whole_micros;

/// Compares everything stored for an account with the end of its walk.
pub(super) async fn check(
    connection: &impl ConnectionTrait,
    account: AccountId,
    walk: &Walk,
    lots: &[lot::Model],
    findings: &mut Findings,
) -> Result<(), DbErr> {
    check_book(connection, account, walk, findings).await?;
    check_pools(connection, account, walk, findings).await?;
    check_lots(walk, lots, findings);
    let draws = read::draws(connection, account).await?;
    let keys: BTreeSet<_> = draws.keys().chain(walk.holds.keys()).collect();
    for key in keys {
        let of = |held: &BTreeMap<_, i128>| credits(held.get(key).copied().unwrap_or_default());
        findings.expect(of(&walk.holds), of(&draws), || {
            let (message, list, lot) = key;
            format!("hold of message {message} (list {list:?}, lot {lot:?})")
        });
    }
    check_messages(connection, account, walk, findings).await
}

async fn check_book(
    connection: &impl ConnectionTrait,
    account: AccountId,
    walk: &Walk,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let Some(row) = book::Entity::find_by_id(account.uuid())
        .one(connection)
        .await?
    else {
        findings.add("head of the books".to_owned(), "a row", "none");
        return Ok(());
    };
    let of = |what: &str| format!("{what} at the head of the books");
    findings.expect(walk.sequence, row.sequence, || of("number"));
    findings.expect(true, walk.hash == row.head_hash, || {
        of("hash of the last transaction")
    });
    findings.expect(
        whole_micros(walk.last_at),
        whole_micros(row.last_at),
        || of("instant"),
    );
    findings.expect(credits(walk.held), credits(row.held_units.into()), || {
        of("held credits")
    });
    findings.expect(credits(walk.debt), credits(row.debt_units.into()), || {
        of("debt")
    });
    let unassigned = walk.pools.get(&None).copied().unwrap_or_default();
    let kept = credits(row.unassigned_units.into());
    findings.expect(credits(unassigned), kept, || of("unassigned credits"));
    Ok(())
}

async fn check_pools(
    connection: &impl ConnectionTrait,
    account: AccountId,
    walk: &Walk,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let rows = pool::Entity::find()
        .filter(pool::Column::AccountId.eq(account.uuid()))
        .all(connection)
        .await?;
    let kept: BTreeMap<Uuid, i128> = rows
        .into_iter()
        .map(|row| (row.list_id, row.free_units.into()))
        .collect();
    let rebuilt = |list: &Uuid| walk.pools.get(&Some(*list)).copied().unwrap_or_default();
    let lists = walk.pools.keys().flatten().chain(kept.keys());
    for list in lists.collect::<BTreeSet<_>>() {
        let kept = kept.get(list).copied().unwrap_or_default();
        findings.expect(credits(rebuilt(list)), credits(kept), || {
            format!("free credits of list {list}")
        });
    }
    for (list, units) in walk.pools.iter().filter(|(_, units)| **units < 0) {
        let pool = list.map_or("the unassigned pool".to_owned(), |list| {
            format!("list {list}")
        });
        findings.add(
            format!("free credits of {pool}, by the postings"),
            "0 credits or more",
            credits(*units),
        );
    }
    Ok(())
}

fn check_lots(walk: &Walk, rows: &[lot::Model], findings: &mut Findings) {
    let kept: BTreeMap<Uuid, &lot::Model> = rows.iter().map(|row| (row.id, row)).collect();
    let mut rebuilt: Vec<_> = walk.lots.iter().collect();
    rebuilt.sort_by_key(|(id, _)| **id);
    for (id, lot) in rebuilt {
        let of = |what: &str| format!("{what} credits of lot {id}");
        let (granted, remaining) = kept.get(id).map_or((0, 0), |row| {
            (row.granted_units.into(), row.remaining_units.into())
        });
        findings.expect(credits(lot.issued), credits(granted), || of("granted"));
        findings.expect(credits(lot.remaining), credits(remaining), || {
            of("remaining")
        });
        // A lot that is marked wrong is never drawn from, or looked at with each charge.
        let is_open = kept.get(id).is_some_and(|row| row.is_open);
        findings.expect(remaining > 0, is_open, || {
            format!("whether lot {id} counts as having credits left")
        });
        let instant =
            |at: Option<i64>| at.map_or("never".to_owned(), |at| whole_micros(at).to_string());
        let expiry = lot.expiry.as_ref().map(|(at, _)| *at);
        let kept_expiry = kept.get(id).and_then(|row| row.expires_at);
        findings.expect(instant(expiry), instant(kept_expiry), || {
            format!("expiry of lot {id}")
        });
        let taken_back = kept.get(id).is_some_and(|row| row.taken_back);
        findings.expect(lot.taken_back, taken_back, || {
            format!("whether the payment for lot {id} was taken back")
        });
        if lot.remaining < 0 {
            findings.add(
                of("remaining") + ", by the postings",
                "0 credits or more",
                credits(lot.remaining),
            );
        }
    }
    // Lots and pools divide the same total.
    let lots: i128 = walk.lots.values().map(|lot| lot.remaining).sum();
    let pools: i128 = walk.pools.values().sum();
    findings.expect(credits(pools), credits(lots), || {
        "credits of all lots, as of all pools".to_owned()
    });
}

/// Scheduled messages hold what their lines cost. Sent messages cost what was spent, also in sum
/// (law T2), so that no message is counted without a charge.
async fn check_messages(
    connection: &impl ConnectionTrait,
    account: AccountId,
    walk: &Walk,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let mut held: BTreeMap<Uuid, i128> = BTreeMap::new();
    for ((message, ..), units) in &walk.holds {
        *held.entry(*message).or_default() += units;
    }
    let (mut sent, mut spent, mut after) = (0, 0, None);
    loop {
        let page = read::messages_with_lines(connection, account, after).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id);
        for (row, lines) in page {
            let units = i128::from(row.units);
            let of = |what: &str| format!("{what} of message {}", row.id);
            match row.status {
                MessageStatus::Canceled => {
                    findings.expect(credits(0), credits(units), || of("credits"));
                    continue;
                }
                MessageStatus::Sent => {
                    sent += 1;
                    spent += units;
                }
                MessageStatus::Scheduled => {
                    let held = held.remove(&row.id).unwrap_or_default();
                    findings.expect(credits(held), credits(units), || of("held credits"));
                }
            }
            findings.expect(credits(units), credits(lines), || {
                of("credits of the destinations")
            });
        }
    }
    for (message, units) in held {
        let what = format!("message {message} that waits");
        let wanted = format!("a message that holds {}", credits(units));
        findings.add(what, wanted, "none");
    }
    findings.expect(walk.spends, sent, || "messages that were sent".to_owned());
    findings.expect(credits(walk.spent), credits(spent), || {
        "credits of all messages that were sent".to_owned()
    });
    Ok(())
}
