//! What a transaction's hash and a key's fingerprint cover, as properties.

use entity::{
    lot_expiry_change, posting,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use message_credits::{ledger::chain, operations::idempotency};
use proptest::prelude::*;
use sea_orm::prelude::Uuid;

fn any_row() -> impl Strategy<Value = transaction::Model> {
    let number = any::<i64>;
    let id = || any::<u128>().prop_map(Uuid::from_u128);
    let some = || prop::option::of(id());
    let text = || prop::option::of("[a-zè]{0,9}");
    (
        (id(), number(), id(), number(), some(), some(), text()),
        (number(), number(), number(), number()),
        (
            prop::option::of(number()),
            prop::option::of(number()),
            text(),
        ),
    )
        .prop_map(|(named, left, next)| transaction::Model {
            account_id: named.0,
            sequence: named.1,
            id: named.2,
            kind: TransactionKind::Spend,
            created_at: named.3,
            list_id: named.4,
            message_id: named.5,
            note: named.6,
            available_change_units: left.0,
            available_units: left.1,
            held_units: left.2,
            unassigned_units: left.3,
            next_expiry_units: next.0,
            next_expiry_at: next.1,
            next_expiry_on: next.2,
            hash: Vec::new(),
            paid_lot_id: None,
            paid_by_list: None,
            actor_id: None,
        })
}

fn any_posting() -> impl Strategy<Value = posting::Model> {
    let id = || prop::option::of(any::<u128>().prop_map(Uuid::from_u128));
    (any::<i32>(), id(), id(), any::<i64>()).prop_map(|(position, list_id, lot_id, units)| {
        posting::Model {
            account_id: Uuid::nil(),
            sequence: 1,
            position,
            book: BookName::Held,
            list_id,
            lot_id,
            units,
        }
    })
}

/// The row with one column changed, for every column that is hashed.
fn changed_rows(row: &transaction::Model) -> Vec<transaction::Model> {
    let other = |id: Uuid| Uuid::from_u128(id.as_u128() ^ 1);
    let option = |id: Option<Uuid>| {
        if id.is_none() {
            Some(Uuid::nil())
        } else {
            None
        }
    };
    let text = |text: &Option<String>| {
        text.as_ref()
            .map_or(Some(String::new()), |text| Some(format!("{text} ")))
    };
    let number = |number: Option<i64>| if number.is_none() { Some(0) } else { None };
    let row = || row.clone();
    vec![
        transaction::Model {
            account_id: other(row().account_id),
            ..row()
        },
        transaction::Model {
            sequence: row().sequence ^ 1,
            ..row()
        },
        transaction::Model {
            id: other(row().id),
            ..row()
        },
        transaction::Model {
            kind: TransactionKind::Grant,
            ..row()
        },
        transaction::Model {
            created_at: row().created_at ^ 1,
            ..row()
        },
        transaction::Model {
            list_id: option(row().list_id),
            ..row()
        },
        transaction::Model {
            message_id: option(row().message_id),
            ..row()
        },
        transaction::Model {
            note: text(&row().note),
            ..row()
        },
        transaction::Model {
            available_change_units: row().available_change_units ^ 1,
            ..row()
        },
        transaction::Model {
            available_units: row().available_units ^ 1,
            ..row()
        },
        transaction::Model {
            held_units: row().held_units ^ 1,
            ..row()
        },
        transaction::Model {
            unassigned_units: row().unassigned_units ^ 1,
            ..row()
        },
        transaction::Model {
            next_expiry_units: number(row().next_expiry_units),
            ..row()
        },
        transaction::Model {
            next_expiry_at: number(row().next_expiry_at),
            ..row()
        },
        transaction::Model {
            next_expiry_on: text(&row().next_expiry_on),
            ..row()
        },
    ]
}

fn changed_postings(postings: &[posting::Model]) -> Vec<Vec<posting::Model>> {
    let mut changed = vec![postings[1..].to_vec()];
    let first = || postings[0].clone();
    let option = |id: Option<Uuid>| {
        if id.is_none() {
            Some(Uuid::nil())
        } else {
            None
        }
    };
    for one in [
        posting::Model {
            position: first().position ^ 1,
            ..first()
        },
        posting::Model {
            book: BookName::Spent,
            ..first()
        },
        posting::Model {
            list_id: option(first().list_id),
            ..first()
        },
        posting::Model {
            lot_id: option(first().lot_id),
            ..first()
        },
        posting::Model {
            units: first().units ^ 1,
            ..first()
        },
    ] {
        changed.push([&[one], &postings[1..]].concat());
    }
    changed
}

fn any_change() -> impl Strategy<Value = lot_expiry_change::Model> {
    (any::<u128>(), any::<i64>(), any::<i64>()).prop_map(|(lot, from_at, to_at)| {
        lot_expiry_change::Model {
            account_id: Uuid::nil(),
            sequence: 1,
            lot_id: Uuid::from_u128(lot),
            from_at,
            to_at,
        }
    })
}

fn changed_moves(moved: &[lot_expiry_change::Model]) -> Vec<Vec<lot_expiry_change::Model>> {
    let first = || moved[0].clone();
    let changed = [
        lot_expiry_change::Model {
            lot_id: Uuid::from_u128(first().lot_id.as_u128() ^ 1),
            ..first()
        },
        lot_expiry_change::Model {
            from_at: first().from_at ^ 1,
            ..first()
        },
        lot_expiry_change::Model {
            to_at: first().to_at ^ 1,
            ..first()
        },
    ];
    let with = |one| [&[one], &moved[1..]].concat();
    let changed = changed.into_iter().map(with);
    changed.chain([moved[1..].to_vec()]).collect()
}

proptest! {
    /// B5: a change of any column changes the hash; and the hash covers the one before.
    #[test]
    fn a_hash_is_of_every_column(
        row in any_row(),
        postings in prop::collection::vec(any_posting(), 1..4),
        moved in prop::collection::vec(any_change(), 1..4),
        previous in any::<[u8; 32]>(),
        actor in any::<[u8; 32]>(),
    ) {
        let actor = Some(&actor);
        let hash = chain::hash(&previous, &row, actor, &postings, &moved);
        prop_assert_eq!(chain::hash(&previous, &row, actor, &postings, &moved), hash);
        prop_assert_ne!(chain::hash(&previous, &row, None, &postings, &moved), hash);
        prop_assert_ne!(chain::hash(&previous, &row, Some(&hash), &postings, &moved), hash);
        for changed in changed_rows(&row) {
            prop_assert_ne!(chain::hash(&previous, &changed, actor, &postings, &moved), hash, "{:?}", changed);
        }
        for changed in changed_postings(&postings) {
            prop_assert_ne!(chain::hash(&previous, &row, actor, &changed, &moved), hash, "{:?}", changed);
        }
        for changed in changed_moves(&moved) {
            prop_assert_ne!(chain::hash(&previous, &row, actor, &postings, &changed), hash, "{:?}", changed);
        }
        let mut other = previous;
        other[0] ^= 1;
        prop_assert_ne!(chain::hash(&other, &row, actor, &postings, &moved), hash);
    }

    /// B4: a key's fingerprint covers its operation and every argument as given, and nothing else.
    #[test]
    fn a_fingerprint_is_of_every_argument(
        key in "[a-z0-9-]{1,40}",
        arguments in prop::collection::vec("[a-z]{0,5}", 0..5),
        more in "[a-z]{0,5}",
        place in any::<prop::sample::Index>(),
    ) {
        let of = |operation: &str, arguments: &Vec<String>| {
            idempotency::key(&key, operation, arguments).unwrap().fingerprint
        };
        let first = of("send", &arguments);
        prop_assert_eq!(of("send", &arguments), first);
        prop_assert_ne!(of("schedule", &arguments), first);
        let mut longer = arguments.clone();
        longer.insert(place.index(arguments.len() + 1), more);
        prop_assert_ne!(of("send", &longer), first);
        if let Some(last) = arguments.last() {
            let mut other = arguments.clone();
            *other.last_mut().unwrap() = format!("{last}x");
            prop_assert_ne!(of("send", &other), first);
        }
    }
}
