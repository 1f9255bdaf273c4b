//! Public ids: a prefix for the kind of object and the UUID in base32, as TypeID 0.3 writes it
//! (`list_01j…`).
//!
//! Here: parsing and printing. Not here: whether an object has the id. An id of another kind, or a
//! malformed one, names nothing.
//!
//! What is a part of a node, such as a balance, has an id by which a cache recognizes it
//! ([`part`], [`derived`]). `node` finds none of them.

use async_graphql::ID;
use domain::id::{
    AccountId, ApiKeyId, ContactId, ImportId, ListId, LotId, MessageId, PackageId, PurchaseId,
    RateCardId, ReportId, SettingChangeId, TransactionId,
};
use sha2::{Digest, Sha256};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// An id that clients see.
pub trait PublicId: Copy + From<Uuid> + Into<Uuid> {
    /// The prefix of its text form.
    const PREFIX: &'static str;

    /// The text form.
    fn encode(self) -> ID {
        printed(Self::PREFIX, self.into())
    }

    /// Parses a client's text; `None` if it is no id of this kind.
    fn decode(text: &str) -> Option<Self> {
        let (prefix, uuid) = split(text)?;
        (prefix == Self::PREFIX).then(|| Self::from(uuid))
    }
}

macro_rules! public {
    ($($id:ty),*) => {$(
        impl PublicId for $id {
            const PREFIX: &'static str = <$id>::PREFIX;
        }
    )*};
}

public!(
    AccountId,
    ApiKeyId,
    ContactId,
    ImportId,
    ListId,
    LotId,
    MessageId,
    PackageId,
    PurchaseId,
    RateCardId,
    ReportId,
    SettingChangeId,
    TransactionId
);

/// The id of the part of a node that there is once, such as an account's balance.
#[must_use]
pub fn part(prefix: &str, of: Uuid) -> ID {
    printed(prefix, of)
}

/// The id of what a node has for these arguments, such as its balance at an instant: equal
/// arguments have equal ids, on every server.
#[must_use]
pub fn derived(prefix: &str, of: Uuid, arguments: &[u8]) -> ID {
    let digest = Sha256::new().chain_update(of).chain_update(arguments);
    let digest = digest.finalize();
    let first = digest.first_chunk::<16>().copied().unwrap_or_default();
    printed(prefix, uuid::Builder::from_custom_bytes(first).into_uuid())
}

fn printed(prefix: &str, uuid: Uuid) -> ID {
    // Every prefix is lower-case ASCII, which `prefixes_are_valid` checks.
    match DynamicType::new(prefix) {
        Ok(prefix) => ID(TypeSafeId::from_type_and_uuid(prefix, uuid).to_string()),
        Err(_) => ID(String::new()),
    }
}

/// The prefix and the UUID of any id.
#[must_use]
pub fn split(text: &str) -> Option<(String, Uuid)> {
    // The longest prefix, an underscore and 26 digits are far shorter than this.
    if text.len() > 64 {
        return None;
    }
    let id: TypeSafeId<DynamicType> = text.parse().ok()?;
    Some((id.type_prefix().to_owned(), id.uuid()))
}

#[cfg(test)]
mod tests {
    use super::{PublicId, derived, part, split};
    use domain::id::{AccountId, ListId};
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn prefixes_are_valid() {
        let id = Uuid::from_u128(7);
        insta::assert_snapshot!(AccountId::new(id).encode().as_str(), @"account_00000000000000000000000007");
        insta::assert_snapshot!(ListId::new(id).encode().as_str(), @"list_00000000000000000000000007");
    }

    #[test]
    fn parts_have_ids_of_their_arguments() {
        let of = Uuid::from_u128(7);
        insta::assert_snapshot!(part("balance", of).as_str(), @"balance_00000000000000000000000007");
        let id = derived("balance", of, b"2026");
        assert_eq!(id, derived("balance", of, b"2026"));
        assert_ne!(id, derived("balance", of, b"2027"));
        assert_ne!(id, derived("balance", Uuid::from_u128(8), b"2026"));
        assert!(
            split(&id).is_some_and(|(prefix, _)| prefix == "balance"),
            "{id:?}"
        );
    }

    #[test]
    fn what_is_no_id_names_nothing() {
        for text in [
            "",
            "list_",
            "list_!",
            "00000000000000000000000007",
            "list_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(
                split(text).filter(|(prefix, _)| !prefix.is_empty()),
                None,
                "{text:?}"
            );
        }
        assert_eq!(split(&"x".repeat(1_000)), None);
    }

    proptest! {
        #[test]
        fn ids_read_back_as_their_own_kind_only(id: u128) {
            let list = ListId::new(Uuid::from_u128(id));
            prop_assert_eq!(ListId::decode(&list.encode()), Some(list));
            prop_assert_eq!(AccountId::decode(&list.encode()), None);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,80}") {
            let _ = split(&text);
        }
    }
}
