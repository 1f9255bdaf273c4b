//! Messages for files larger than a connection's buffers.

use entity::{
    message,
    sql_enums::{self, MessageStatus},
};
use message_credits::{clock::id_at, store::rate_card::DEFAULT_ID};
use sea_orm::{EntityTrait, IntoActiveModel};

use crate::support::{
    Server, Tenant,
    sending::{account, at},
};

/// Long messages of one day, inserted directly: files larger than a connection's buffers.
pub async fn many_long_messages(server: &Server, tenant: &Tenant) {
    let store = &server.services().store;
    let account_id = account(tenant).uuid();
    let day = at("2026-11-02T00:00:00Z").as_microsecond();
    // Even a compressor can't shrink it much.
    let mut noise = 1_u64;
    let mut text = || -> String {
        (0..39_000)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'A' + u8::try_from((noise >> 40) % 26).unwrap())
            })
            .collect()
    };
    for chunk in 0..10 {
        let mut messages = Vec::new();
        for number in 0..50 {
            let sent_at = day + chunk * 1_000 + number;
            let id = id_at(at("2026-11-02T00:00:00Z"));
            let row = message::Model {
                account_id,
                id,
                list_id: None,
                name: None,
                text: text(),
                channel: sql_enums::Channel::Sms,
                encoding: Some(sql_enums::Encoding::Gsm7),
                segment_count: 255,
                recipients: 1,
                units: 2_550_000,
                status: MessageStatus::Sent,
                rate_card_id: DEFAULT_ID,
                send_at: sent_at,
                sent_at: Some(sent_at),
                created_at: sent_at,
                lines: r#"[["IT",255,1,10000,2550000]]"#.to_owned(),
                erased_at: None,
                updated_at: None,
                media: None,
                actor_id: None,
            };
            messages.push(row.into_active_model());
        }
        let transaction = store.begin().await.unwrap();
        message::Entity::insert_many(messages)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
    // The ledger didn't see them: reports have to read them.
    message_credits::store::usage_rollup::forget(store.writer(), account(tenant))
        .await
        .unwrap();
}
