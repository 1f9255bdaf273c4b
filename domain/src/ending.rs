//! Endings: how the hold of a scheduled message may end (laws H3 and A3).
//!
//! Here: the one rule that every command which ends a hold is judged by. Not here: what the ending does to lots and
//! pools, which is [`crate::book`]'s, nor which roles speak for whom.

/// Who settles an account's scheduled messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settler {
    /// The server charges them at their sendAt.
    Server,
    /// The sending service reports what it sent.
    SendingService,
}

/// On whose behalf an ending is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The platform and its sending service, which know what was sent.
    Platform,
    /// The account's own people, who pay for it.
    Account,
}

/// What is asked for a scheduled message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The server's own job charges what it sends by itself.
    Due,
    /// Everything that is sent of what was planned is charged.
    InFull,
    /// So many recipients were reached, and are charged.
    Report {
        /// How many, over all destinations that are served.
        recipients: u64,
    },
    /// The message is given up.
    Cancel(Asker),
}

/// How a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it is charged.
    InFull,
    /// It is charged for those who have not left the list since the message was scheduled; what was set aside for the
    /// others goes back.
    ForThoseWhoStayed,
    /// What was reported is charged; the rest goes back.
    AsReported,
    /// All of it goes back.
    Canceled,
}

/// Why a hold doesn't end in the way that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEnding {
    /// The server sends the message, and its time has come: it can only be charged for all who have not left.
    #[error("the message's time has come, and it is charged for all who have not left the list")]
    Due,
    /// The server doesn't send the message, or its time has not come.
    #[error("the message is not the server's to settle, or not yet")]
    NotDue,
    /// The sending service has the message, and its time has come: only the platform knows whether it was sent.
    #[error("the message's time has come, and its sending service reports what was sent")]
    AtTheSendingService,
}

/// How the hold of a scheduled message ends, if it may end as asked for. `has_come` says that its sendAt is not after
/// the instant that the ending is booked at, whether or not any job has run.
///
/// # Errors
/// Why it may not; the message waits on.
pub fn judge(settler: Settler, has_come: bool, wish: Wish) -> Result<Ending, NoEnding> {
    match (wish, settler, has_come) {
        // The server sends to nobody who has left.
        (Wish::Due, Settler::Server, true) | (Wish::InFull, Settler::Server, _) => {
            Ok(Ending::ForThoseWhoStayed)
        }
        (Wish::Due, Settler::Server, false) | (Wish::Due, Settler::SendingService, _) => {
            Err(NoEnding::NotDue)
        }
        // The sending service says whom it sent to, and says nothing here. Nobody loses by it but the account, and the
        // account's people planned it.
        (Wish::InFull, Settler::SendingService, _) => Ok(Ending::InFull),
        (Wish::Report { .. } | Wish::Cancel(_), Settler::Server, true) => Err(NoEnding::Due),
        // Nothing was sent, and nothing will be: a message that was sent to nobody is none.
        (Wish::Report { recipients: 0 }, Settler::Server, false) => Ok(Ending::Canceled),
        (Wish::Report { .. }, Settler::Server, false)
        | (Wish::Report { .. }, Settler::SendingService, _) => Ok(Ending::AsReported),
        (Wish::Cancel(Asker::Account), Settler::SendingService, true) => {
            Err(NoEnding::AtTheSendingService)
        }
        (Wish::Cancel(_), _, false)
        | (Wish::Cancel(Asker::Platform), Settler::SendingService, true) => Ok(Ending::Canceled),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Asker, Ending, NoEnding, Settler, Wish, judge};

    fn any_wish() -> impl Strategy<Value = Wish> {
        let asker = || prop_oneof![Just(Asker::Platform), Just(Asker::Account)];
        prop_oneof![
            Just(Wish::Due),
            Just(Wish::InFull),
            (0_u64..3).prop_map(|recipients| Wish::Report { recipients }),
            any::<u64>().prop_map(|recipients| Wish::Report { recipients }),
            asker().prop_map(Wish::Cancel),
        ]
    }

    proptest! {
        /// Law H3: whoever asks for whatever, what the server sends is charged for all who have not left, from its
        /// time on.
        #[test]
        fn what_is_due_is_charged_in_full(wish in any_wish()) {
            let outcome = judge(Settler::Server, true, wish);
            prop_assert!(
                matches!(outcome, Ok(Ending::ForThoseWhoStayed) | Err(NoEnding::Due)),
                "{outcome:?}"
            );
        }

        /// Who has left is the server's to judge where the server sends, and the sending service's where that does.
        #[test]
        fn whom_it_is_charged_for_is_said_by_who_sends(automatic in any::<bool>(), has_come in any::<bool>()) {
            let (settler, expected) = match automatic {
                true => (Settler::Server, Ending::ForThoseWhoStayed),
                false => (Settler::SendingService, Ending::InFull),
            };
            prop_assert_eq!(judge(settler, has_come, Wish::InFull), Ok(expected));
        }

        /// Law A3: of what its sending service may have sent, the account's people get nothing back.
        #[test]
        fn the_account_takes_nothing_back_that_may_be_sent(automatic in any::<bool>()) {
            let settler = if automatic { Settler::Server } else { Settler::SendingService };
            prop_assert!(judge(settler, true, Wish::Cancel(Asker::Account)).is_err());
            prop_assert_eq!(judge(settler, false, Wish::Cancel(Asker::Account)), Ok(Ending::Canceled));
        }

        /// The job charges what is due, and nothing else.
        #[test]
        fn the_job_charges_what_is_due(automatic in any::<bool>(), has_come in any::<bool>()) {
            let settler = if automatic { Settler::Server } else { Settler::SendingService };
            let expected = if automatic && has_come { Ok(Ending::ForThoseWhoStayed) } else { Err(NoEnding::NotDue) };
            prop_assert_eq!(judge(settler, has_come, Wish::Due), expected);
        }
    }

    #[test]
    fn what_is_reported() {
        let none = Wish::Report { recipients: 0 };
        let some = Wish::Report { recipients: 1 };
        for (settler, has_come, wish, expected) in [
            (Settler::Server, false, none, Ok(Ending::Canceled)),
            (Settler::Server, false, some, Ok(Ending::AsReported)),
            (Settler::Server, true, none, Err(NoEnding::Due)),
            (Settler::Server, true, some, Err(NoEnding::Due)),
            // Reported as sent to nobody: the message was tried, and stays SENT for nothing.
            (Settler::SendingService, false, none, Ok(Ending::AsReported)),
            (Settler::SendingService, true, none, Ok(Ending::AsReported)),
            (Settler::SendingService, true, some, Ok(Ending::AsReported)),
        ] {
            assert_eq!(
                judge(settler, has_come, wish),
                expected,
                "{settler:?} {has_come} {wish:?}"
            );
        }
    }
}
