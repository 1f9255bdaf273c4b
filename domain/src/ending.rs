//! Endings: how the hold of a scheduled message may end (laws H3 and A3).
//!
//! Here: the one rule for all commands that end a hold. Not here: the effect of the ending on lots
//! and pools ([`crate::book`]), and the roles that may request it.

/// Who settles an account's scheduled messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settler {
    /// The server: it charges them at their sendAt.
    Server,
    /// The sending service: it reports how many recipients were reached.
    SendingService,
}

/// On whose behalf an ending is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The platform and its sending service, which know whether the message was sent.
    Platform,
    /// The account's users, who pay for the message.
    Account,
}

/// The requested ending of a scheduled message's hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The server's job charges a due message.
    Due,
    /// The message is charged in full.
    InFull,
    /// The message is charged for the recipients that were reached.
    Report {
        /// The number of recipients reached, in all destinations that are served.
        recipients: u64,
    },
    /// The message is cancelled.
    Cancel(Asker),
}

/// How a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The whole hold is charged.
    InFull,
    /// Recipients who have not left the list since the message was scheduled are charged; the
    /// credits for the others are released.
    ForThoseWhoStayed,
    /// The reported recipients are charged; the rest is released.
    AsReported,
    /// The whole hold is released.
    Canceled,
}

/// Why a hold can't end as requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEnding {
    /// The server settles the message, and it is due: it can only be charged for all recipients who
    /// have not left.
    #[error("the message is due, and is charged for all recipients who have not left the list")]
    Due,
    /// The server doesn't settle the message, or it is not due.
    #[error("the server does not settle the message, or it is not due yet")]
    NotDue,
    /// The sending service settles the message, and it is due: only the platform knows whether it
    /// was sent.
    #[error("the message is due, and its sending service reports how many recipients were reached")]
    AtTheSendingService,
}

/// Decides how the hold of a scheduled message ends. `has_come` is true if its sendAt is not after
/// the instant at which the ending is booked, whether or not a job has run.
///
/// # Errors
/// If the hold can't end as requested. The message stays scheduled.
pub fn judge(settler: Settler, has_come: bool, wish: Wish) -> Result<Ending, NoEnding> {
    match (wish, settler, has_come) {
        // The server doesn't send to recipients who have left.
        (Wish::Due, Settler::Server, true) | (Wish::InFull, Settler::Server, _) => {
            Ok(Ending::ForThoseWhoStayed)
        }
        (Wish::Due, Settler::Server, false) | (Wish::Due, Settler::SendingService, _) => {
            Err(NoEnding::NotDue)
        }
        // The sending service would report how many recipients it reached, but did not. A charge in
        // full costs nobody but the account, whose users scheduled the message.
        (Wish::InFull, Settler::SendingService, _) => Ok(Ending::InFull),
        (Wish::Report { .. } | Wish::Cancel(_), Settler::Server, true) => Err(NoEnding::Due),
        // Nothing was sent, and nothing will be, so the message is cancelled.
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
        /// Law H3: once the server's message is due, every request charges all recipients who have
        /// not left.
        #[test]
        fn due_messages_are_charged_in_full(wish in any_wish()) {
            let outcome = judge(Settler::Server, true, wish);
            prop_assert!(
                matches!(outcome, Ok(Ending::ForThoseWhoStayed) | Err(NoEnding::Due)),
                "{outcome:?}"
            );
        }

        /// The server subtracts departures if it settles the message, and the sending service if
        /// that does.
        #[test]
        fn departures_are_subtracted_only_if_the_server_settles(automatic in any::<bool>(), has_come in any::<bool>()) {
            let (settler, expected) = match automatic {
                true => (Settler::Server, Ending::ForThoseWhoStayed),
                false => (Settler::SendingService, Ending::InFull),
            };
            prop_assert_eq!(judge(settler, has_come, Wish::InFull), Ok(expected));
        }

        /// Law A3: the account's users can't get back credits for a message that may have been
        /// sent.
        #[test]
        fn the_account_can_not_cancel_a_due_message(automatic in any::<bool>()) {
            let settler = if automatic { Settler::Server } else { Settler::SendingService };
            prop_assert!(judge(settler, true, Wish::Cancel(Asker::Account)).is_err());
            prop_assert_eq!(judge(settler, false, Wish::Cancel(Asker::Account)), Ok(Ending::Canceled));
        }

        /// The job charges only due messages that the server settles.
        #[test]
        fn the_job_charges_only_due_messages(automatic in any::<bool>(), has_come in any::<bool>()) {
            let settler = if automatic { Settler::Server } else { Settler::SendingService };
            let expected = if automatic && has_come { Ok(Ending::ForThoseWhoStayed) } else { Err(NoEnding::NotDue) };
            prop_assert_eq!(judge(settler, has_come, Wish::Due), expected);
        }
    }

    #[test]
    fn reports_end_holds_by_settler_and_time() {
        let none = Wish::Report { recipients: 0 };
        let some = Wish::Report { recipients: 1 };
        for (settler, has_come, wish, expected) in [
            (Settler::Server, false, none, Ok(Ending::Canceled)),
            (Settler::Server, false, some, Ok(Ending::AsReported)),
            (Settler::Server, true, none, Err(NoEnding::Due)),
            (Settler::Server, true, some, Err(NoEnding::Due)),
            // Reported with no recipients: the service tried to send it, so it is SENT at no
            // charge.
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
