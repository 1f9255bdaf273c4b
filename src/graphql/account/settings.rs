//! What can be chosen for an account.

use async_graphql::Enum;
use entity::sql_enums;

/// The order in which lots are spent. Of equal lots, the older is spent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::ConsumptionOrder")]
pub enum ConsumptionOrder {
    /// Lots that never expire are spent first, then the soonest to expire. This is the default.
    NonExpiringFirst,
    /// The soonest to expire are spent first, then the lots that never expire.
    SoonestExpiryFirst,
}

/// Who settles an account's scheduled messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::Settlement")]
pub enum Settlement {
    /// The server charges a scheduled message at its sendAt for all whom it was scheduled for, less
    /// those who have left the list since; from then on nobody can cancel it or report less.
    Automatic,
    /// The platform's sending service, a SENDER key, reports what was sent with settleMessage. From
    /// sendAt on the account's own people can't cancel a message, since it may have been sent.
    Reported,
}
