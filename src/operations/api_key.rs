//! API keys: creating, replacing, listing and revoking them. Not here: authenticating requests
//! ([`authentication`]), and access tokens, which a key makes ([`super::access_token`]).
//!
//! A secret is shown once, and only its SHA-256 is stored (law A2). It has 256 random bits, so a
//! slow hash would add nothing.

mod addresses;
mod authentication;
mod journal;
mod uses;

pub use addresses::AllowedAddresses;
pub use authentication::Secret;
pub use journal::end_demo_keys;
pub use uses::{GRAIN, KeyUses};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::{AccountId, ApiKeyId};
use entity::{api_key, sql_enums::Role};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{
    OperationError, Path, Refusal, RefusalCode, Services, Viewer, ViewerReader, input,
    last_change::AskedLastChanges,
    policy::{self, Use},
    reader::{Listing, Window},
    together::{Together, all},
};
pub use crate::store::api_key::{ApiKeySort, updated_at};
use crate::{
    clock::{Clock, whole_micros},
    entropy,
    store::{
        self, Store,
        actor::{Actor, Job},
        api_key::ApiKeyFilter,
        setting_change,
    },
};

/// The prefix of every secret, by which scanners recognise a leaked one.
pub const SECRET_PREFIX: &str = "mc_";

/// The most keys that can be kept when all others are revoked.
pub const MAX_KEPT: usize = 100;

/// The longest that a replaced key works beside the new one: 30 days.
const MAX_OVERLAP_MINUTES: u32 = 43_200;

/// The input of `createApiKey`.
#[derive(Debug)]
pub struct CreateApiKey {
    /// The account that the key opens; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The role of the key.
    pub role: Role,
    /// The display name.
    pub name: String,
    /// The instant from which the key no longer works; `None` for a key that never expires.
    pub expires_at: Option<Timestamp>,
    /// The networks from which the key works.
    pub allowed: AllowedAddresses,
    /// Whether the key runs the operator's trusted documents only.
    pub trusted_documents_only: bool,
}

/// What of the input of `createApiKey` is yet to be read, together with its other checks.
#[derive(Debug)]
pub struct Unread<'a> {
    /// When the key expires.
    pub expires_at: Option<&'a str>,
    /// The networks from which it works.
    pub allowed_addresses: &'a [String],
}

/// The input of `revokeOtherApiKeys`.
#[derive(Debug)]
pub struct RevokeOthers {
    /// The account whose keys are revoked. If `None`, the viewer's own account, or the platform for
    /// a platform key.
    pub account: Option<AccountId>,
    /// Keys to keep beside the one that makes the request.
    pub kept: Vec<ApiKeyId>,
}

impl ViewerReader {
    /// A page of an account's keys, or of the platform's own, including revoked ones.
    ///
    /// # Errors
    /// Forbidden if the viewer's role may not read keys; an instant that can't be read; faults.
    pub async fn api_keys(
        &self,
        account: Option<AccountId>,
        changed: AskedLastChanges,
        sort: ApiKeySort,
        window: Window,
    ) -> Result<Listing<api_key::Model>, OperationError> {
        policy::may_read(self.viewer(), "Account", "apiKeys")?;
        let filter = ApiKeyFilter {
            account,
            changed: changed.read()?,
            sort,
        };
        self.list(filter, window).await
    }
}

impl Services {
    /// Creates a key. An OWNER creates keys of their own account except SENDER keys (law A3). A
    /// platform administrator creates any key.
    ///
    /// # Errors
    /// An invalid name, role or expiry, an unknown account, too many keys, and trusted documents
    /// that the server doesn't have, each at its field.
    pub async fn create_api_key(
        &self,
        viewer: &Viewer,
        new: CreateApiKey,
        unread: Unread<'_>,
    ) -> Result<(ApiKeyId, SecretString), OperationError> {
        let path = Path::input("accountId");
        let account = match is_platform(new.role) {
            true => out_of_accounts(new.account, &path)
                .map(|()| None)
                .map_err(Into::into),
            false => {
                let account = self.account_for(viewer, new.account, &path).await;
                account.map(|account| Some(AccountId::new(account.id)))
            }
        };
        let documents = match new.trusted_documents_only && !self.0.parts.has_trusted_documents {
            true => Err(Path::input("trustedDocumentsOnly").invalid(text!(
                "Must be false: this server has no trusted documents, so the key could run none."
            ))),
            false => Ok(()),
        };
        let expires_at = unread
            .expires_at
            .map(|at| input::instant(at, &Path::input("expiresAt")));
        let checks = (
            may_make(viewer, new.role),
            account,
            input::name(&new.name, &Path::input("name")),
            expires_at
                .transpose()
                .and_then(|at| in_the_future(at, self.clock().now())),
            AllowedAddresses::parse(unread.allowed_addresses, &Path::input("allowedAddresses")),
            documents,
        );
        let ((), account, _, expires_at, allowed, ()) = checks.together()?;
        if let (Some(account), false) = (account, is_platform(new.role)) {
            self.refuse_more_keys(account).await?;
        }
        let new = CreateApiKey {
            account,
            expires_at,
            allowed,
            ..new
        };
        let (store, clock, by) = (self.store(), self.clock(), viewer.actor());
        make_key(store, (clock, &by), new, false).await
    }

    /// Replaces a key by a new one with the same account, role, name, networks and documents, and
    /// has the old one expire after the overlap, so that its users can change over. The new key
    /// works for as long as the old one was made for. Returns the new key and its secret.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the key; `Forbidden` if its role may not make such a
    /// key; an overlap that is too long; `Conflict` for a key that doesn't work any more; too many
    /// keys.
    pub async fn rotate_api_key(
        &self,
        viewer: &Viewer,
        id: ApiKeyId,
        overlap_minutes: i32,
    ) -> Result<(ApiKeyId, SecretString), OperationError> {
        let path = Path::input("overlapMinutes");
        let overlap = u32::try_from(overlap_minutes)
            .ok()
            .filter(|minutes| *minutes <= MAX_OVERLAP_MINUTES)
            .ok_or_else(|| {
                path.invalid(text!(
                    "Must be from 0 to {limit} minutes; got {got}.",
                    limit = MAX_OVERLAP_MINUTES,
                    got = overlap_minutes,
                ))
            });
        let path = Path::input("id");
        let row = self.reader(viewer.clone()).by_key(id).await?;
        let row = row.ok_or_else(|| path.not_found(text!("key")));
        let (row, overlap) = (row, overlap).together()?;
        if row.role == Role::Sender && !policy::may(viewer, Use::MakeSenderKey) {
            return Err(OperationError::Forbidden(policy::roles_for(
                Use::MakeSenderKey,
            )));
        }
        if let Some(account) = row.account_id {
            self.refuse_more_keys(AccountId::new(account)).await?;
        }
        let transaction = self.store().begin().await?;
        // Read again after waiting: another request may have revoked or replaced it meanwhile.
        let row = store::api_key::locked(&transaction, id).await?;
        let now = self.clock().now();
        let Some(row) = row.filter(|row| works(row, now)) else {
            return Err(path
                .refuse(
                    RefusalCode::Conflict,
                    text!("The key doesn't work any more; create a new one."),
                )
                .into());
        };
        let expires_at = row.expires_at.map(|at| {
            let lifetime = SignedDuration::from_micros(at.saturating_sub(row.created_at));
            now.checked_add(lifetime)
                .map_err(|cause| OperationError::broken(format!("a key's lifetime: {cause}")))
        });
        let (new, secret) = new_row(
            self.clock(),
            CreateApiKey {
                account: row.account_id.map(AccountId::new),
                role: row.role,
                name: row.name.clone(),
                expires_at: expires_at.transpose()?,
                allowed: AllowedAddresses::from_stored(row.allowed_addresses.as_deref())?,
                trusted_documents_only: row.trusted_documents_only,
            },
            row.demo,
        );
        let made = ApiKeyId::new(new.id);
        let mut changes = vec![journal::created(&new)];
        store::api_key::insert(&transaction, new).await?;
        if overlap == 0 {
            let revoked = store::api_key::revoke(&transaction, id, now).await?;
            changes.extend(revoked.as_ref().map(journal::revoked));
        } else {
            let end = now + SignedDuration::from_mins(i64::from(overlap));
            let expires = store::api_key::expire(&transaction, id, (end, now)).await?;
            changes.extend(expires.map(|after| journal::expires(row.expires_at, &after)));
        }
        setting_change::insert(&transaction, (&viewer.actor(), now), changes).await?;
        transaction.commit().await?;
        Ok((made, secret))
    }

    /// Revokes all keys of an account or of the platform, except the one that makes the request and
    /// those to keep. Returns whose keys they were and how many it revoked.
    ///
    /// # Errors
    /// Too many keys to keep, and keys to keep that are unknown, each by position.
    pub async fn revoke_other_api_keys(
        &self,
        viewer: &Viewer,
        others: RevokeOthers,
    ) -> Result<(Option<AccountId>, u64), OperationError> {
        let account = match others.account {
            None => Ok(viewer.account),
            Some(_) => {
                let path = Path::input("accountId");
                let account = self.account_for(viewer, others.account, &path).await;
                account.map(|account| Some(AccountId::new(account.id)))
            }
        };
        let known = account.as_ref().ok().copied();
        let kept = self.keys_to_keep(known, others.kept).await;
        let (account, mut kept) = (account, kept).together()?;
        kept.extend(viewer.key);
        let now = self.clock().now();
        let transaction = self.store().begin().await?;
        let revoked = store::api_key::revoke_others(&transaction, account, &kept, now).await?;
        let changes = revoked.iter().map(journal::revoked);
        setting_change::insert(&transaction, (&viewer.actor(), now), changes).await?;
        transaction.commit().await?;
        Ok((account, revoked.len() as u64))
    }

    /// The keys to keep, each of the account or of the platform; `None` if it isn't known whose.
    async fn keys_to_keep(
        &self,
        account: Option<Option<AccountId>>,
        kept: Vec<ApiKeyId>,
    ) -> Result<Vec<ApiKeyId>, OperationError> {
        let path = Path::input("keepIds");
        if kept.len() > MAX_KEPT {
            return Err(path
                .invalid(text!(
                    "Must be at most {limit} keys; got {got}.",
                    limit = MAX_KEPT,
                    got = kept.len()
                ))
                .into());
        }
        let found = store::api_key::find_all(self.store().reader(), kept.iter().copied()).await?;
        all(kept.into_iter().enumerate().map(|(index, id)| {
            let is_there = match account {
                Some(account) => found.iter().any(|row| {
                    row.id == id.uuid() && row.account_id == account.map(AccountId::uuid)
                }),
                None => !input::names_nothing(id),
            };
            let missing = || path.at(index).not_found(text!("key"));
            is_there.then_some(id).ok_or_else(missing)
        }))
    }

    /// Revokes a key at once. A revoked key stays revoked. An OWNER may revoke any key of the
    /// account, SENDER keys included; [`Use::RevokeSenderKey`] says why.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the key; `Forbidden` if its role may not revoke it.
    pub async fn revoke_api_key(
        &self,
        viewer: &Viewer,
        id: ApiKeyId,
    ) -> Result<ApiKeyId, OperationError> {
        let row = self.reader(viewer.clone()).by_key(id).await?;
        let row = row.ok_or_else(|| Path::input("id").not_found(text!("key")))?;
        if row.role == Role::Sender && !policy::may(viewer, Use::RevokeSenderKey) {
            return Err(OperationError::Forbidden(policy::roles_for(
                Use::RevokeSenderKey,
            )));
        }
        let now = self.clock().now();
        let transaction = self.store().begin().await?;
        let revoked = store::api_key::revoke(&transaction, id, now).await?;
        let changes = revoked.iter().map(journal::revoked);
        setting_change::insert(&transaction, (&viewer.actor(), now), changes).await?;
        transaction.commit().await?;
        Ok(id)
    }
}

/// Whether a key is neither revoked nor expired at `now`.
#[must_use]
pub fn works(row: &api_key::Model, now: Timestamp) -> bool {
    row.revoked_at.is_none() && row.expires_at.is_none_or(|at| now < whole_micros(at))
}

/// Creates a key for a command of the operator, and returns its id and its secret, which is not
/// stored.
///
/// # Errors
/// An account's role without an account, a platform role with one, an unknown account, and an
/// expiry in the past.
pub async fn create_key(
    store: &Store,
    clock: &Clock,
    new: CreateApiKey,
) -> Result<(ApiKeyId, SecretString), OperationError> {
    make_key(store, (clock, &Actor::Job(Job::Command)), new, false).await
}

/// Creates a key of a demo. It stops working once the database is served as anything but a demo.
///
/// # Errors
/// Those of [`create_key`].
pub async fn create_demo_key(
    store: &Store,
    clock: &Clock,
    new: CreateApiKey,
) -> Result<(ApiKeyId, SecretString), OperationError> {
    make_key(store, (clock, &Actor::Job(Job::Command)), new, true).await
}

async fn make_key(
    store: &Store,
    (clock, by): (&Clock, &Actor),
    new: CreateApiKey,
    demo: bool,
) -> Result<(ApiKeyId, SecretString), OperationError> {
    let CreateApiKey {
        account,
        role,
        name,
        expires_at,
        allowed,
        trusted_documents_only,
    } = new;
    in_the_future(expires_at, clock.now())?;
    let path = Path::input("accountId");
    match account {
        Some(_) if is_platform(role) => out_of_accounts(account, &path)?,
        None if !is_platform(role) => {
            return Err(path
                .invalid(text!("Say which account the key opens."))
                .into());
        }
        Some(id) if store::account::find(store.reader(), id).await?.is_none() => {
            return Err(path.not_found(text!("account")).into());
        }
        _ => {}
    }
    let new = CreateApiKey {
        account,
        role,
        name: input::name(&name, &Path::input("name"))?,
        expires_at,
        allowed,
        trusted_documents_only,
    };
    let (row, secret) = new_row(clock, new, demo);
    let (id, change) = (ApiKeyId::new(row.id), journal::created(&row));
    let transaction = store.begin().await?;
    store::api_key::insert(&transaction, row).await?;
    setting_change::insert(&transaction, (by, clock.now()), [change]).await?;
    transaction.commit().await?;
    Ok((id, secret))
}

/// Whether the viewer may make keys of a role (law A3).
fn may_make(viewer: &Viewer, role: Role) -> Result<(), Refusal> {
    if role == Role::Sender && !policy::may(viewer, Use::MakeSenderKey) {
        return Err(Path::input("role").invalid(text!(
            "Only the platform makes SENDER keys, since the sending service is the platform's; \
             must be OWNER, MEMBER or VIEWER."
        )));
    }
    if is_platform(role) && !viewer.is_platform() {
        return Err(Path::input("role").invalid(text!(
            "Must be a role in the account: OWNER, MEMBER or VIEWER."
        )));
    }
    Ok(())
}

/// Refuses an account for a key of the platform.
fn out_of_accounts(account: Option<AccountId>, path: &Path) -> Result<(), Refusal> {
    match account {
        None => Ok(()),
        Some(_) => Err(path.invalid(text!(
            "Must be left out: a platform role is for all accounts."
        ))),
    }
}

fn in_the_future(
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    if expires_at.is_some_and(|at| at <= now) {
        let text = text!("Must be later than now, which is {now}.", now = now);
        return Err(Path::input("expiresAt").invalid(text));
    }
    Ok(expires_at)
}

/// A key that was checked, with its secret.
fn new_row(clock: &Clock, new: CreateApiKey, demo: bool) -> (api_key::Model, SecretString) {
    let secret = format!(
        "{SECRET_PREFIX}{}",
        BASE64_URL_SAFE_NO_PAD.encode(entropy::bytes::<32>())
    );
    let row = api_key::Model {
        id: clock.new_id(),
        account_id: new.account.map(Into::into),
        role: new.role,
        name: new.name,
        secret_hash: secret_hash(&secret).to_vec(),
        created_at: clock.now().as_microsecond(),
        revoked_at: None,
        last_used_at: None,
        expires_at: new.expires_at.map(Timestamp::as_microsecond),
        // The secret has 43 characters after SECRET_PREFIX: 37 of them stay secret.
        prefix: secret.get(..SECRET_PREFIX.len() + 6).map(str::to_owned),
        allowed_addresses: new.allowed.stored(),
        trusted_documents_only: new.trusted_documents_only,
        demo,
        updated_at: Some(clock.now().as_microsecond()),
    };
    (row, SecretString::from(secret))
}

/// The hash that is stored of a secret.
#[must_use]
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn is_platform(role: Role) -> bool {
    match role {
        Role::PlatformAdmin | Role::AccountManager => true,
        Role::Owner | Role::Member | Role::Viewer | Role::Sender => false,
    }
}

#[cfg(test)]
mod tests {
    use super::secret_hash;

    #[test]
    fn a_secret_is_stored_as_its_sha_256() {
        // FIPS 180-2, appendix B.1.
        let hash = secret_hash("abc");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex, @"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
