//! How steps are drawn: often at the edges, now and then far beyond them.

use domain::{book::Source, credits::Credits};
use proptest::prelude::*;

use super::{Act, Amount, Step, Until, Wait};

/// Any step of a history.
pub fn any_step() -> impl Strategy<Value = Step> {
    (wait(), act()).prop_map(|(wait, act)| Step { wait, act })
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        10 => Just(Wait::By(0)),
        8 => (1_i64..=10).prop_map(Wait::By),
        2 => (-20_i64..0).prop_map(Wait::By),
        3 => (-1_i64..=1).prop_map(Wait::Expiry),
        1 => (20_i64..=400).prop_map(Wait::By),
    ]
}

/// An amount, more often than not at the edge of what is available.
fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        12 => (0_i64..=900).prop_map(Amount::Units),
        12 => (0_i64..=8, -1_i64..=1).prop_map(|(eighths, more)| Amount::Part(eighths, more)),
        1 => huge().prop_map(Amount::Units),
    ]
}

/// The most that one call takes, the most that an account may have, and values that only a bug
/// could send.
fn huge() -> impl Strategy<Value = i64> {
    let (input, total) = (Credits::MAX_INPUT.units(), 100 * Credits::MAX_INPUT.units());
    prop_oneof![
        4 => Just(input),
        2 => (-1_i64..=1).prop_map(move |more| total + more),
        1 => prop::sample::select(vec![-1, i64::MIN, i64::MIN + 1, i64::MAX]),
    ]
}

fn until() -> impl Strategy<Value = Until> {
    prop_oneof![
        4 => Just(Until::Never),
        4 => (1_i64..=60).prop_map(Until::In),
        1 => (-3_i64..=0).prop_map(Until::In),
        3 => any::<prop::sample::Index>().prop_map(Until::LikeLot),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let source = prop::sample::select(vec![Source::Purchase, Source::AutoRecharge, Source::Grant]);
    let which = any::<prop::sample::Index>;
    let list = || 0_u8..=4;
    let wish = (
        1_u8..=4,
        prop_oneof![3 => amount().prop_map(Some), 1 => Just(None)],
    );
    prop_oneof![
        14 => (source, amount(), until()).prop_map(|(source, amount, until)| Act::Issue(source, amount, until)),
        4 => (prop::option::of(which()), amount()).prop_map(|(lot, amount)| Act::Revoke(lot, amount)),
        1 => amount().prop_map(Act::RevokeNothing),
        4 => (which(), amount(), amount()).prop_map(|(lot, amount, used)| Act::TakeBack(lot, amount, used)),
        12 => prop::collection::vec(wish, 0..4).prop_map(Act::Allocate),
        16 => (list(), amount()).prop_map(|(list, amount)| Act::Spend(list, amount)),
        18 => (list(), amount()).prop_map(|(list, amount)| Act::Hold(list, amount)),
        1 => (which(), amount()).prop_map(|(hold, amount)| Act::HoldAgain(hold, amount)),
        9 => (which(), amount()).prop_map(|(hold, amount)| Act::Settle(hold, amount)),
        4 => (which(), amount()).prop_map(|(hold, amount)| Act::SettleBeyond(hold, amount)),
        2 => (which(), list(), amount()).prop_map(|(hold, list, amount)| Act::SettleAs(hold, list, amount)),
        7 => which().prop_map(Act::Cancel),
        8 => (which(), list(), amount()).prop_map(|(hold, list, amount)| Act::Move(hold, list, amount)),
        1 => amount().prop_map(Act::MoveNothing),
        1 => any::<bool>().prop_map(Act::EndNothing),
        1 => Just(Act::Expire),
        1 => any::<bool>().prop_map(Act::Order),
        2 => (-2_i64..=3).prop_map(Act::Zone),
    ]
}
