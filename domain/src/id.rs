//! Typed identifiers: a UUID that knows what it names, so that a list's id can't stand where a lot's is wanted.
//!
//! Here: the newtypes and their public prefixes. Not here: how they are written for clients, which is
//! `graphql::ids`, or how they are made, which needs a clock and randomness.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the written form of this kind of id begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Names a UUID as this kind of id.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID as it is stored.
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
    /// A lot of credits that came in together.
    LotId = "lot";
    /// A message; a scheduled one's hold bears the same id.
    MessageId = "msg";
    /// A credit package for sale.
    PackageId = "package";
    /// A purchase of a package.
    PurchaseId = "purchase";
    /// One version of a rate card.
    RateCardId = "card";
    /// A month's report.
    ReportId = "report";
    /// One entry of the ledger.
    TransactionId = "txn";
}
