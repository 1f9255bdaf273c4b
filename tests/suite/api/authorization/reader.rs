//! What a viewer reads below the API, law A1: rows by key and pages of lists, of its own account
//! and of another's.

use domain::id::{AccountId, ListId, RateCardId};
use entity::sql_enums::Role;
use message_credits::{
    graphql::engine::ids::PublicId,
    operations::{
        OperationError, Viewer, ViewerReader,
        lot::AskedLots,
        message::MessageFilter,
        reader::{AllRateCards, BalanceOf, DestinationsOf, Scope, Window},
    },
    store::rate_card::DEFAULT_ID,
};
use serde_json::json;

use crate::support::{Server, on_both_databases};

const PAGE: Window = Window {
    limit: 10,
    from_end: false,
    after: None,
    before: None,
    reverse: false,
    scope: Scope(0),
};

fn reader_for(server: &Server, role: Role, account: Option<AccountId>) -> ViewerReader {
    let key = None;
    server.services().reader(Viewer {
        key,
        role,
        account,
        on_behalf_of: None,
        token: None,
        trusted_documents_only: false,
    })
}

on_both_databases! {
    /// Rows of another account don't exist, and its lists are forbidden; the platform sees both.
    async fn a_reader_applies_its_viewers_filter(server: Server) {
        let (one, other) = (server.account("One").await, server.account("Other").await);
        server.grant(&one, "100").await;
        let rows = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
        let list = ListId::decode(&server.list(&one, "List", rows).await).unwrap();
        let [one, other] = [one, other].map(|tenant| AccountId::decode(&tenant.id).unwrap());

        for (role, account, sees) in [
            (Role::Owner, Some(one), true),
            (Role::Owner, Some(other), false),
            (Role::Sender, Some(other), false),
            (Role::AccountManager, None, true),
            (Role::PlatformAdmin, None, true),
        ] {
            let reader = reader_for(&server, role, account);
            // By an id, if only the row names its account.
            assert_eq!(reader.by_key(list).await.unwrap().is_some(), sees, "{role:?}");
            // By keys that name the account.
            assert_eq!(reader.by_key(one).await.unwrap().is_some(), sees, "{role:?}");
            let head_count = DestinationsOf { account: one, list };
            assert_eq!(reader.by_key(head_count).await.unwrap().is_some(), sees, "{role:?}");
            let balance = BalanceOf { account: one, at: None };
            assert_eq!(reader.by_key(balance).await.unwrap().is_some(), sees, "{role:?}");
            // Lists state their account before anything is read.
            match reader.list(MessageFilter::of(one), PAGE).await {
                Ok(messages) => assert!(sees && messages.rows.is_empty(), "{role:?}"),
                Err(OperationError::Forbidden(_)) => assert!(!sees, "{role:?}"),
                Err(other) => panic!("{role:?}: {other:?}"),
            }
            assert_eq!(reader.lots(one, AskedLots::default(), PAGE).await.is_ok(), sees, "{role:?}");
            // A key that names the viewer's own account and another's list finds nothing.
            if let Some(own) = account.filter(|own| *own != one) {
                let mixed = DestinationsOf { account: own, list };
                assert_eq!(reader.by_key(mixed).await.unwrap(), None, "{role:?}");
            }
            // Rate cards belong to the platform and are for everyone.
            let card = RateCardId::new(DEFAULT_ID);
            assert!(reader.by_key(card).await.unwrap().is_some(), "{role:?}");
            assert!(!reader.list(AllRateCards, PAGE).await.unwrap().rows.is_empty());
        }
    }
}
