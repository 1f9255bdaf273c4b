//! Shares: anonymous clients separate from keys, and no account or key takes everything.

use super::*;
use entity::sql_enums::Role;
use uuid::Uuid;

fn anonymous(number: u8) -> Caller {
    Caller::new(None, Address::of([192, 0, 2, number].into()))
}

fn key(account: u128, key: u128) -> Caller {
    let viewer = Viewer {
        key: Some(ApiKeyId::new(Uuid::from_u128(key))),
        role: Role::Sender,
        account: Some(AccountId::new(Uuid::from_u128(account))),
        on_behalf_of: None,
        token: None,
        trusted_documents_only: false,
    };
    Caller::new(Some(&viewer), Address::of([192, 0, 2, 1].into()))
}

/// As many requests of a caller as are admitted at once.
async fn fill(shares: &Shares, caller: Caller) -> Vec<Held> {
    let mut held = Vec::new();
    while let Ok(one) = shares.requests.try_take(&caller) {
        held.push(one);
    }
    held
}

#[tokio::test(start_paused = true)]
async fn anonymous_clients_and_other_accounts_leave_an_account_its_room() {
    let shares = Shares::new(Rates::default(), REQUESTS.places);
    let mut requests = Vec::new();
    for number in 0..10 {
        requests.extend(fill(&shares, anonymous(number)).await);
    }
    assert_eq!(requests.len(), ANONYMOUS_REQUESTS.places);
    let hogs = fill(&shares, key(1, 1)).await;
    assert_eq!(hogs.len(), REQUESTS.key_share);
    let hogs = [hogs, fill(&shares, key(1, 2)).await].concat_held();
    assert_eq!(hogs.len(), REQUESTS.share);
    assert!(fill(&shares, key(1, 3)).await.is_empty());
    // Another key of the account waits, and is denied because its account has used its share.
    assert_eq!(shares.request(&key(1, 3)).await.unwrap_err(), Denied::Share);
    assert_eq!(
        shares.request(&anonymous(99)).await.unwrap_err(),
        Denied::Full
    );
    drop(shares.request(&key(2, 4)).await.unwrap());
}

#[test]
fn shares_grow_and_shrink_with_all_places() {
    let half = REQUESTS.scaled(512);
    assert_eq!((half.places, half.share, half.key_share), (512, 128, 64));
    assert_eq!(REQUESTS.scaled(REQUESTS.places).share, REQUESTS.share);
    assert_eq!(REQUESTS.scaled(1).key_share, 1);
}

trait Concat {
    fn concat_held(self) -> Vec<Held>;
}

impl Concat for [Vec<Held>; 2] {
    fn concat_held(self) -> Vec<Held> {
        self.into_iter().flatten().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_are_limited_per_owner_and_small_bodies_are_free() {
    let shares = Shares::new(Rates::default(), REQUESTS.places);
    assert!(
        shares
            .answer(&key(1, 1), SMALL_BYTES)
            .await
            .unwrap()
            .is_none()
    );
    let mut held = Vec::new();
    while let Ok(Ok(one)) =
        tokio::time::timeout(Duration::ZERO, shares.answer(&key(1, 1), 1 << 20)).await
    {
        held.push(one);
    }
    assert_eq!(held.len() * 1_024, ANSWERS.share);
    assert_eq!(
        shares.answer(&key(1, 1), 1 << 20).await.unwrap_err(),
        Denied::Share
    );
    assert!(shares.answer(&key(2, 2), 1 << 20).await.unwrap().is_some());
    assert!(
        shares
            .answer(&anonymous(1), 1 << 20)
            .await
            .unwrap()
            .is_some()
    );
}

#[test]
fn anonymous_clients_get_no_sockets() {
    let shares = Shares::new(Rates::default(), REQUESTS.places);
    assert!(shares.socket(&anonymous(1)).is_err());
    let sockets: Vec<_> = (0..SOCKETS.key_share)
        .map(|_| shares.socket(&key(1, 1)).unwrap())
        .collect();
    assert_eq!(shares.socket(&key(1, 1)).unwrap_err(), Denied::Share);
    assert!(shares.socket(&key(1, 2)).is_ok());
    drop(sockets);
    assert!(shares.subscription(&key(1, 1)).is_ok());
}

#[test]
fn a_key_has_no_more_subscriptions_than_its_share() {
    let shares = Shares::new(Rates::default(), REQUESTS.places);
    let held: Vec<_> = (0..SUBSCRIPTIONS.key_share)
        .map(|_| shares.subscription(&key(1, 1)).unwrap())
        .collect();
    let denied = shares.subscription(&key(1, 1)).unwrap_err();
    assert_eq!(denied, Denied::Subscriptions);
    assert!(denied.message().contains("end one"), "{denied:?}");
    assert!(shares.subscription(&key(1, 2)).is_ok());
    drop(held);
    assert!(shares.subscription(&key(1, 1)).is_ok());
}

#[test]
fn each_caller_is_charged_to_its_own_bucket() {
    let rate = |per_second| Rate::holding(per_second, 1);
    let shares = Shares::new(
        Rates {
            address: rate(1),
            key: rate(2),
            account: rate(3),
            platform: None,
            costs: Costs::default(),
        },
        REQUESTS.places,
    );
    assert_eq!(shares.pay(&anonymous(1), 1), Ok(()));
    let refused = shares.pay(&anonymous(1), 1).unwrap_err();
    assert!(matches!(refused, Denied::Rate(_)));
    assert!(
        refused.message().contains("try again in 1 s"),
        "{refused:?}"
    );
    assert_eq!(shares.pay(&anonymous(2), 1), Ok(()));

    assert_eq!(shares.pay(&key(1, 1), 2), Ok(()));
    assert!(shares.pay(&key(1, 1), 1).is_err());
    // The account has one token left, whichever key is used.
    assert_eq!(shares.pay(&key(1, 2), 1), Ok(()));
    assert!(shares.pay(&key(1, 2), 1).is_err());
    assert_eq!(shares.pay(&key(2, 3), 2), Ok(()));

    let administrator = Viewer {
        key: None,
        role: Role::PlatformAdmin,
        account: None,
        on_behalf_of: None,
        token: None,
        trusted_documents_only: false,
    };
    let administrator = Caller::new(Some(&administrator), Address::of([192, 0, 2, 1].into()));
    for _ in 0..100 {
        assert_eq!(shares.pay(&administrator, 1), Ok(()));
    }
}
