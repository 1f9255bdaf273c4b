//! Chains that began before actors were recorded (law B7): they verify, go on with actors, and
//! can't be given any afterwards.

use entity::{book, posting, transaction};
use message_credits::{ledger::chain, store::book::CHAIN_START};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};

use super::verify::disarm;
use crate::support::{
    Server, Tenant,
    books::{assert_sound, books, drifts},
    message::{send, to_italians},
    on_both_databases,
    sending::account,
};

/// Writes an account's transactions as a program wrote them that knew no actors.
async fn forget_actors(server: &Server, tenant: &Tenant) {
    disarm(server).await;
    let (store, account) = (&server.services().store, account(tenant).uuid());
    let rows = transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account))
        .order_by_asc(transaction::Column::Sequence)
        .all(store.reader())
        .await
        .unwrap();
    assert!(rows.iter().all(|row| row.actor_id.is_some()));
    let mut head = CHAIN_START.to_vec();
    for row in rows {
        let postings = posting::Entity::find()
            .filter(posting::Column::AccountId.eq(account))
            .filter(posting::Column::Sequence.eq(row.sequence))
            .order_by_asc(posting::Column::Position)
            .all(store.reader())
            .await
            .unwrap();
        head = chain::hash(&head, &row, None, &postings, &[]).to_vec();
        transaction::Entity::update_many()
            .col_expr(transaction::Column::ActorId, Expr::value(None::<i64>))
            .col_expr(transaction::Column::Hash, Expr::value(head.clone()))
            .filter(transaction::Column::AccountId.eq(account))
            .filter(transaction::Column::Sequence.eq(row.sequence))
            .exec(store.writer())
            .await
            .unwrap();
    }
    book::Entity::update_many()
        .col_expr(book::Column::HeadHash, Expr::value(head))
        .filter(book::Column::AccountId.eq(account))
        .exec(store.writer())
        .await
        .unwrap();
}

on_both_databases! {
    async fn a_chain_from_before_actors_goes_on_with_them(server: Server) {
        let tenant = books(&server).await;
        forget_actors(&server, &tenant).await;
        assert_sound(&server).await;
        send(&server, &tenant, to_italians(3)).await;
        assert_sound(&server).await;

        // An entry from before can't be given an actor of the account.
        let store = &server.services().store;
        let known = transaction::Entity::find()
            .filter(transaction::Column::ActorId.is_not_null())
            .one(store.reader())
            .await
            .unwrap()
            .unwrap();
        transaction::Entity::update_many()
            .col_expr(transaction::Column::ActorId, Expr::value(known.actor_id))
            .filter(transaction::Column::AccountId.eq(account(&tenant).uuid()))
            .filter(transaction::Column::Sequence.eq(2))
            .exec(store.writer())
            .await
            .unwrap();
        let found = drifts(&server).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("hash of transaction 2, the first broken link"), "{found:?}");
    }
}
