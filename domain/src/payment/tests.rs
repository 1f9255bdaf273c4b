//! The laws of a payment over any order of events.

use proptest::prelude::*;

use super::{Event, State};

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop::sample::select(vec![
        Event::Waiting,
        Event::Absent,
        Event::NoAnswer,
        Event::Paid,
        Event::Declined,
        Event::Expired,
        Event::Failed,
    ]);
    prop::collection::vec(event, 0..12)
}

fn after_all(events: &[Event]) -> State {
    events
        .iter()
        .fold(State::Pending, |state, event| state.after(*event))
}

proptest! {
    /// Law R6: whatever else is reported, and in whatever order, a payment is paid exactly if its
    /// provider reports so at least once.
    #[test]
    fn a_payment_is_paid_exactly_if_its_money_was_taken(events in events()) {
        let taken = events.contains(&Event::Paid);
        prop_assert_eq!(after_all(&events) == State::Paid, taken);
    }

    /// Law R6: of the ends without money the first counts.
    #[test]
    fn the_first_end_without_money_counts(events in events()) {
        prop_assume!(!events.contains(&Event::Paid));
        let end = events.iter().find_map(|event| match event {
            Event::Declined => Some(State::Declined),
            Event::Expired => Some(State::Expired),
            Event::Failed => Some(State::Failed),
            Event::Waiting | Event::Absent | Event::NoAnswer | Event::Paid => None,
        });
        let state = after_all(&events);
        prop_assert_eq!(end, (!state.is_open()).then_some(state));
    }

    /// Law R1: repeated reports change nothing.
    #[test]
    fn a_repeated_report_changes_nothing(events in events()) {
        let twice: Vec<Event> = events.iter().flat_map(|event| [*event, *event]).collect();
        prop_assert_eq!(after_all(&events), after_all(&twice));
    }
}

#[test]
fn silence_leaves_everything_open() {
    assert_eq!(after_all(&[Event::NoAnswer]), State::Unknown);
    assert_eq!(after_all(&[Event::NoAnswer, Event::Absent]), State::Pending);
    assert_eq!(after_all(&[Event::NoAnswer, Event::Paid]), State::Paid);
    for state in State::ALL {
        assert_eq!(
            state.is_open(),
            state.after(Event::NoAnswer) == State::Unknown
        );
    }
}
