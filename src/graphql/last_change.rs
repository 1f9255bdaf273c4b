//! The conditions of lists by the last changes of their nodes, for clients that fetch what changed
//! since: one input for each list, because each may get further conditions.

use async_graphql::InputObject;

use super::scalars::DateTime;
use crate::operations::last_change::AskedLastChanges;

/// Defines the filter of a list.
macro_rules! filter {
    ($input:ident, $name:literal, $things:literal) => {
        #[doc = concat!("The conditions that listed ", $things, " meet. A condition that is left out doesn't\nrestrict the list.")]
        #[derive(Debug, Default, InputObject)]
        #[graphql(name = $name)]
        pub struct $input {
            /// Returns only nodes with an updatedAt at or after this instant. To fetch what changed
            /// since the last time, give the latest updatedAt known less one minute: a change gets
            /// its instant before it can be seen, and the clocks of servers may differ.
            updated_from: Option<DateTime>,
            /// Returns only nodes with an updatedAt before this instant.
            updated_to: Option<DateTime>,
        }

        impl From<Option<$input>> for AskedLastChanges {
            fn from(filter: Option<$input>) -> Self {
                let filter = filter.unwrap_or_default();
                Self {
                    from: filter.updated_from.map(|at| at.0),
                    to: filter.updated_to.map(|at| at.0),
                }
            }
        }
    };
}

filter!(AccountFilterInput, "AccountFilter", "accounts");
filter!(ApiKeyFilterInput, "ApiKeyFilter", "API keys");
filter!(
    ContactImportFilterInput,
    "ContactImportFilter",
    "imports of contacts"
);
filter!(ContactListFilterInput, "ContactListFilter", "contact lists");
filter!(CreditLotFilterInput, "CreditLotFilter", "lots of credits");
filter!(
    CreditPackageFilterInput,
    "CreditPackageFilter",
    "credit packages"
);
filter!(PurchaseFilterInput, "PurchaseFilter", "purchases");
