//! Finds rows by ids that don't name their account, without asking every server of a cluster.
//!
//! Here: the accounts that this process has met, by the tag that their objects' ids carry
//! ([`crate::clock::tag`]). Not here: the forms of other statements ([`super::shards`]).
//!
//! An id's tag leads to the accounts that have it, usually one. What isn't found there is looked
//! for on all servers: an object of an account that this process hasn't met, of another account
//! with the same tag, or from before ids carried a tag.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{LazyLock, PoisonError, RwLock},
};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, Select, Value,
    prelude::Uuid,
};

use super::shards;
use crate::clock::{Tag, tag};

/// Accounts that are remembered at most; then all are forgotten. Each takes some 100 bytes.
const MOST: usize = 1_000_000;

/// The accounts that this process has met. An account never changes its tag, so what is known stays
/// true.
static MET: LazyLock<RwLock<HashMap<Tag, Vec<Uuid>>>> = LazyLock::new(RwLock::default);

fn meet(account: Uuid) {
    if accounts_of(account).contains(&account) {
        return;
    }
    let mut met = MET.write().unwrap_or_else(PoisonError::into_inner);
    if met.len() >= MOST {
        met.clear();
    }
    let of_tag = met.entry(tag(account)).or_default();
    if !of_tag.contains(&account) {
        of_tag.push(account);
    }
}

fn accounts_of(id: Uuid) -> Vec<Uuid> {
    let met = MET.read().unwrap_or_else(PoisonError::into_inner);
    met.get(&tag(id)).cloned().unwrap_or_default()
}

/// Reads the rows of a selection that have one of the ids, in no particular order. The columns are
/// those of the account and of the id.
pub(in crate::store) async fn find<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    select: Select<E>,
    ids: Vec<Uuid>,
    (account, id): (E::Column, E::Column),
) -> Result<Vec<E::Model>, DbErr> {
    let mut wanted: BTreeSet<Uuid> = ids.into_iter().collect();
    if !shards::are_used() {
        return select.filter(id.is_in(wanted)).all(connection).await;
    }
    let accounts: BTreeSet<Uuid> = wanted.iter().copied().flat_map(accounts_of).collect();
    let mut found = Vec::new();
    if !accounts.is_empty() {
        // One account by `=`, which Citus plans fastest.
        let of_accounts = match accounts.first().filter(|_| accounts.len() == 1) {
            Some(only) => account.eq(*only),
            None => account.is_in(accounts),
        };
        let near = select.clone().filter(of_accounts);
        found = near.filter(is_one_of(id, &wanted)).all(connection).await?;
        for row in &found {
            if let Value::Uuid(Some(id)) = row.get(id) {
                wanted.remove(&id);
            }
        }
    }
    if !wanted.is_empty() {
        let far = select.filter(is_one_of(id, &wanted));
        for row in far.all(connection).await? {
            if let Value::Uuid(Some(account)) = row.get(account) {
                meet(account);
            }
            found.push(row);
        }
    }
    Ok(found)
}

fn is_one_of(id: impl ColumnTrait, wanted: &BTreeSet<Uuid>) -> sea_orm::sea_query::Expr {
    match wanted.first().filter(|_| wanted.len() == 1) {
        Some(only) => id.eq(*only),
        None => id.is_in(wanted.iter().copied()),
    }
}

/// Remembers accounts, if tables are distributed.
pub(in crate::store) fn meet_all(accounts: impl IntoIterator<Item = Uuid>) {
    if shards::are_used() {
        accounts.into_iter().for_each(meet);
    }
}
