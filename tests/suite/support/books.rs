//! Books: an account with every kind of entry, and the result of `verify`.

use domain::{credits::Credits, ending::Asker, id::ListId};
use message_credits::{
    graphql::engine::ids::PublicId,
    ledger::{
        End, NewMessage, RequestKind,
        verify::{Verified, verify},
    },
};
use serde_json::json;

use super::{
    Server, Tenant,
    sending::{self, Leg, Message, at, grant_at, new_message, send_all, sms, submit},
};

/// Books with everything in them: lots that expire and one that did, a list with a limit, messages
/// that were sent, settled for less and for more, cancelled, and a scheduled one.
pub async fn books(server: &Server) -> Tenant {
    let tenant = server.account("Shop").await;
    grant_at(server, &tenant, "2026-01-01T00:00:00Z", 1_000).await;
    for (expires_on, credits) in [("2026-02-01", 50), ("2027-02-01", 70), ("2027-02-01", 30)] {
        let now = at("2026-01-02T00:00:00Z");
        let grant = RequestKind::Grant {
            lot: domain::id::LotId::new(message_credits::clock::id_at(now)),
            credits: Credits::whole(credits),
            expires_on: Some(expires_on.parse().unwrap()),
            note: "for a test".to_owned(),
        };
        submit(server, &tenant, now, grant).await;
    }
    let list = server.list(&tenant, "Winter", json!([])).await;
    let list = ListId::decode(&list).unwrap();
    let allocate = RequestKind::Allocate {
        allocations: vec![domain::book::Allocation {
            list,
            limit: Some(Credits::whole(400)),
        }],
    };
    submit(server, &tenant, at("2026-01-03T00:00:00Z"), allocate).await;
    let sent: Vec<Message> = (10..30)
        .map(|day| {
            sms(
                (day % 2 == 0).then_some(list),
                &format!("2026-03-{day}T00:00:00Z"),
                day,
            )
        })
        .collect();
    send_all(server, &tenant, &sent).await;
    for (list, recipients, end) in [
        (Some(list), 40, Some(25)),
        (None, 40, Some(45)),
        (Some(list), 20, None),
    ] {
        let now = at("2026-04-01T00:00:00Z");
        let new = NewMessage {
            send_at: Some(at("2026-04-03T00:00:00Z")),
            ..new_message(&sms(list, "2026-04-01T00:00:00Z", recipients))
        };
        let message = new.id;
        submit(server, &tenant, now, RequestKind::Schedule(new)).await;
        let end = match end {
            Some(recipients) => End::Reported(
                sending::price(&[Leg {
                    country: "IT",
                    segment_count: 1,
                    recipients,
                    rate_units: Some(10_000),
                }]),
                None,
            ),
            None => End::Cancel(Asker::Account),
        };
        let end = RequestKind::End { message, list, end };
        submit(server, &tenant, at("2026-04-02T00:00:00Z"), end).await;
    }
    for recipients in [0, 33] {
        let waits = new_message(&sms(Some(list), "2026-05-01T00:00:00Z", recipients));
        submit(
            server,
            &tenant,
            at("2026-05-01T00:00:00Z"),
            RequestKind::Schedule(waits),
        )
        .await;
    }
    let revoke = RequestKind::Revoke {
        lot: None,
        credits: Credits::whole(5),
        note: "for a test".to_owned(),
    };
    submit(server, &tenant, at("2026-06-01T00:00:00Z"), revoke).await;
    tenant
}

/// The result of `verify` on a server's books.
pub async fn verified(server: &Server) -> Verified {
    verify(server.services().store.reader(), None, |_| {})
        .await
        .unwrap()
}

/// The drifts that `verify` finds, as text.
pub async fn drifts(server: &Server) -> Vec<String> {
    let drifts = verified(server).await.drifts;
    drifts.iter().map(ToString::to_string).collect()
}

/// Fails if `verify` finds anything.
pub async fn assert_sound(server: &Server) {
    assert_eq!(verified(server).await.drifts, []);
}
