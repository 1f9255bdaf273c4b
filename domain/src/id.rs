//! Typed identifiers: each kind of id is its own type, so a list's id can't be passed as a lot's.
//!
//! Here: the newtypes and their public prefixes. Not here: the form that clients see, and making
//! ids, which takes a clock and randomness.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of this kind of id in its public form.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from its UUID.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID, which is the stored form.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// One customer of the platform.
    AccountId = "account";
    /// An API key.
    ApiKeyId = "key";
    /// A stored contact of a list.
    ContactId = "contact";
    /// An import of contacts from a file.
    ImportId = "import";
    /// A contact list.
    ListId = "list";
    /// A lot of credits that were acquired together.
    LotId = "lot";
    /// A message. The hold of a scheduled message has the same id.
    MessageId = "msg";
    /// A credit package for sale.
    PackageId = "package";
    /// A purchase of a package.
    PurchaseId = "purchase";
    /// One version of a rate card.
    RateCardId = "card";
    /// A month's report.
    ReportId = "report";
    /// A change of settings.
    SettingChangeId = "change";
    /// One entry of the ledger.
    TransactionId = "txn";
}
