//! Commands about keys and secrets.
//!
//! Here: what they print. Not here: the work ([`api_key`], [`server_secret`], [`rotation`]).

use std::{io::Write, process::ExitCode};

use entity::sql_enums::Role;
use secrecy::ExposeSecret;

use super::{Failure, account_id, print};
use crate::{
    app,
    clock::Clock,
    config::{CreateKeyArgs, DatabaseArgs, KeyRole, RotateKeysArgs},
    graphql::engine::ids::PublicId,
    operations::{
        OperationError,
        api_key::{self, AllowedAddresses, CreateApiKey},
        payment_connection::rotation,
        server_secret,
    },
    vault::Vault,
};

pub(super) async fn create_key(args: CreateKeyArgs) -> Result<ExitCode, Failure> {
    let account = args.account.as_deref().map(account_id).transpose()?;
    let store = app::open_with(&args.database.settings()).await?;
    let new = CreateApiKey {
        account,
        role: role(args.role),
        name: args.name,
        expires_at: None,
        allowed: AllowedAddresses::default(),
        trusted_documents_only: false,
    };
    let made = api_key::create_key(&store, &Clock::system(), new).await;
    store.close().await;
    match made {
        Ok((id, secret)) => {
            print(&format!(
                "{}\n{}\n",
                id.encode().as_str(),
                secret.expose_secret()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(OperationError::Refused(refusals)) => {
            let reasons: Vec<String> = refusals
                .into_iter()
                .map(|refusal| refusal.message.english())
                .collect();
            Err(reasons.join(" ").into())
        }
        Err(other) => Err(format!("the key could not be created: {other:?}").into()),
    }
}

pub(super) async fn renew_secret(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let store = app::open_with(&args.settings()).await?;
    let renewed = server_secret::renew(&store).await;
    store.close().await;
    renewed.map_err(|cause| format!("the secret could not be renewed: {cause:?}"))?;
    print(
        "The server's secret was replaced: existing download links and addresses of approval pages no longer \
         work.\n",
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rotate_keys(args: &RotateKeysArgs) -> Result<ExitCode, Failure> {
    let vault = Vault::read(args.secret_keys.secret_keys_file.as_deref())?;
    let Some(key) = vault.current_key() else {
        return Err("no keys are configured: set SECRET_KEYS or SECRET_KEYS_FILE".into());
    };
    let store = app::open_with(&args.database.settings()).await?;
    let tell = |count: u64| {
        // Standard error may be closed; the work continues.
        drop(writeln!(std::io::stderr(), "{count} connections …"));
    };
    let rotated = rotation::rotate(&store, &vault, tell).await;
    store.close().await;
    let done = rotated.map_err(|cause| {
        format!("not all secrets could be encrypted anew, run the command again: {cause:?}")
    })?;
    let (moved, current) = (done.moved, done.current);
    print(&format!(
        "Encrypted the credentials of {moved} connections with the key {key}; those of {current} had it already.\n"
    ))?;
    for (key, count) in &done.unreadable {
        print(&format!(
            "The credentials of {count} connections can't be decrypted with the key {key}: it isn't configured, or \
             they were altered.\n"
        ))?;
    }
    if done.unreadable.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn role(role: KeyRole) -> Role {
    match role {
        KeyRole::PlatformAdmin => Role::PlatformAdmin,
        KeyRole::AccountManager => Role::AccountManager,
        KeyRole::Owner => Role::Owner,
        KeyRole::Member => Role::Member,
        KeyRole::Viewer => Role::Viewer,
        KeyRole::Sender => Role::Sender,
    }
}
