//! The commands: serve, demo, migrate, backup, verify, rebuild-usage, schema, key, secret.

use std::{io::Write, net::SocketAddr, process::ExitCode};

use clap::Parser;
use domain::id::AccountId;
use entity::sql_enums::Role;
use message_credits::{
    app::{self, Settings},
    clock::Clock,
    config::{
        BackupArgs, Cli, Command, CreateKeyArgs, DatabaseArgs, KeyCommand, KeyRole, MigrateArgs,
        RateArgs, RebuildUsageArgs, RotateKeysArgs, SecretCommand, ServeArgs,
        admin_key::AdminKey,
        serving::{Purpose, Shown, is_loopback},
    },
    demo::{self, Demo},
    graphql::{engine::ids::PublicId, schema},
    http::{address::TrustedProxies, cors::CorsOrigins, rates::Rate, shares::Rates},
    ledger::verify::{self, Progress},
    lifecycle,
    operations::{
        OperationError, Services,
        api_key::{self, CreateApiKey},
        payment_connection::rotation,
        server_secret, usage_rollup,
    },
    payments::Providers,
    store::sql::{backup, server_lock},
    telemetry,
    vault::Vault,
};
use secrecy::ExposeSecret;

// The largest gain for lists through GraphQL: responses consist of many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A long command reports its progress after this many accounts.
const PROGRESS_ACCOUNTS: u64 = 100;

/// Why a command failed, worded for the operator.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::init_logs();
    let done = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(cause) => Err(cause.into()),
    };
    match done {
        Ok(code) => code,
        Err(cause) => {
            // Standard error may be closed; the exit code still reports the failure.
            drop(writeln!(std::io::stderr(), "message-credits: {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(args, Purpose::Platform).await,
        Command::Demo(args) => serve(args, Purpose::Demo).await,
        Command::Migrate(args) => migrate(&args).await,
        Command::Backup(args) => backup(&args),
        Command::Verify(args) => verify(&args).await,
        Command::RebuildUsage(args) => rebuild_usage(&args).await,
        Command::Schema => {
            print(&schema::sdl())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(KeyCommand::Create(args)) => create_key(args).await,
        Command::Secret(SecretCommand::Renew(args)) => renew_secret(&args).await,
        Command::Secret(SecretCommand::RotateKeys(args)) => rotate_keys(&args).await,
    }
}

async fn serve(args: ServeArgs, purpose: Purpose) -> Result<ExitCode, Failure> {
    let payments = args.payments(purpose)?;
    if purpose == Purpose::Demo {
        args.refuse_an_open_demo()?;
    }
    let admin_key = AdminKey::read(
        args.admin_api_key.as_deref(),
        args.admin_api_key_file.as_deref(),
    )?;
    let cors_origins = CorsOrigins::read(&args.cors_origins)
        .map_err(|cause| format!("--cors-origins: {cause}"))?;
    let vault = Vault::read(args.secret_keys.secret_keys_file.as_deref())?;
    let clock = args
        .clock_start
        .map_or_else(Clock::system, Clock::starting_at);
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|cause| format!("can't listen on {}: {cause}", args.listen))?;
    let address = listener.local_addr()?;
    let administration = match args.admin_listen {
        None => None,
        Some(address) => Some(
            tokio::net::TcpListener::bind(address)
                .await
                .map_err(|cause| format!("can't listen on {address}: {cause}"))?,
        ),
    };
    let admin_address = administration
        .as_ref()
        .map(tokio::net::TcpListener::local_addr)
        .transpose()?;
    let public_url = match args.public_url {
        Some(ref url) => url.clone(),
        None => format!("http://{address}").parse()?,
    };
    // Before any migration. Held until the process ends.
    let _lock = server_lock::acquire(&args.database.database_url)?;
    let store = app::open_with(&args.database.settings()).await?;
    let filled = match purpose {
        Purpose::Demo => Some(demo::fill(&store, &clock).await?),
        Purpose::Platform => {
            warn_of_ended_keys(app::end_demo_keys(&store, &clock).await?);
            None
        }
    };
    let shown = args.shown(&public_url);
    let owners = filled.as_ref().map(|demo| demo.owner_keys.first());
    let settings = Settings {
        public_url: public_url.clone(),
        admin_key,
        clock,
        payments,
        vault,
        shown,
        demo_key: owners.flatten().map(|(_, key)| key.clone()),
        trusted_proxies: TrustedProxies::new(args.trusted_proxies),
        cors_origins,
        rates: rates(&args.rates),
    };
    warn_of_free_credits(&settings.payments);
    if purpose == Purpose::Demo && !is_loopback(address) {
        tracing::warn!(
            %address,
            "the demo is reachable from other machines: its page gives an owner's key to every visitor"
        );
    }
    let welcome = welcome(&settings, admin_address, filled.as_ref());
    let app = app::assemble(store, settings);
    warn_of_missing_keys(&app.services).await?;
    let running = lifecycle::start(app, listener, administration)?;
    print(&welcome)?;
    lifecycle::asked_to_stop().await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn warn_of_ended_keys(ended: u64) {
    if ended > 0 {
        tracing::warn!(
            ended,
            "the demo's keys were revoked, because its page gave them to every visitor; create others with \
             `message-credits key create`"
        );
    }
}

fn warn_of_free_credits(payments: &Providers) {
    match payments.selling() {
        Some(provider) if !provider.is_real() => tracing::warn!(
            provider = provider.name(),
            "nobody is charged, and approved purchases give real credits"
        ),
        Some(provider) => tracing::info!(provider = provider.name(), "payments are taken"),
        None => tracing::info!("no payment provider was chosen: nothing can be bought"),
    }
}

async fn warn_of_missing_keys(services: &Services) -> Result<(), Failure> {
    let missing = services
        .missing_secret_keys()
        .await
        .map_err(|cause| format!("the secrets' keys can't be read: {cause:?}"))?;
    for (key, secrets) in missing {
        tracing::warn!(
            key,
            secrets,
            "credentials for the payment provider are encrypted with a key that isn't configured: these accounts \
             can't pay until SECRET_KEYS or SECRET_KEYS_FILE has it, or they are connected again"
        );
    }
    Ok(())
}

async fn migrate(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    app::migrate_with(&args.database.settings(), &args.grant).await?;
    print("The database's schema is up to date.\n")?;
    Ok(ExitCode::SUCCESS)
}

fn backup(args: &BackupArgs) -> Result<ExitCode, Failure> {
    let bytes = backup::backup(&args.database.database_url, &args.to)?;
    print(&format!("Wrote {bytes} bytes to {}.\n", args.to.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let store = app::open(&args.database_url).await?;
    let tell = |progress: &Progress| {
        let (accounts, transactions) = (progress.accounts(), progress.transactions());
        eprintln!("{accounts} accounts, {transactions} transactions so far");
    };
    let verified = verify::verify(&store, tell).await?;
    store.close().await;
    for drift in &verified.drifts {
        print(&format!("{drift}\n"))?;
    }
    let (accounts, transactions) = (verified.accounts, verified.transactions);
    if verified.drifts.is_empty() {
        print(&format!(
            "{accounts} accounts, {transactions} transactions: all balances and hash chains are correct.\n"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    if verified.left_out > 0 {
        print(&format!("… and {} more\n", verified.left_out))?;
    }
    let found = verified
        .left_out
        .saturating_add(verified.drifts.len() as u64);
    print(&format!(
        "{accounts} accounts, {transactions} transactions: {found} differences.\n"
    ))?;
    Ok(ExitCode::FAILURE)
}

async fn rebuild_usage(args: &RebuildUsageArgs) -> Result<ExitCode, Failure> {
    let account = args.account.as_deref().map(account_id).transpose()?;
    let store = app::open(&args.database.database_url).await?;
    let tell = |count: u64| {
        if count.is_multiple_of(PROGRESS_ACCOUNTS) {
            // Standard error may be closed; the work continues.
            drop(writeln!(std::io::stderr(), "{count} accounts …"));
        }
    };
    let rebuilt = usage_rollup::rebuild_usage(&store, &Clock::system(), account, tell).await;
    store.close().await;
    let count = rebuilt.map_err(|cause| format!("usage could not be recomputed: {cause:?}"))?;
    if account.is_some() && count == 0 {
        return Err("no account has this id".into());
    }
    print(&format!(
        "Recomputed the usage by day of {count} accounts.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn account_id(text: &str) -> Result<AccountId, Failure> {
    Ok(AccountId::decode(text).ok_or("--account must be an id such as account_01j…")?)
}

async fn create_key(args: CreateKeyArgs) -> Result<ExitCode, Failure> {
    let account = args.account.as_deref().map(account_id).transpose()?;
    let store = app::open(&args.database.database_url).await?;
    let new = CreateApiKey {
        account,
        role: role(args.role),
        name: args.name,
        expires_at: None,
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
                .map(|refusal| refusal.message)
                .collect();
            Err(reasons.join(" ").into())
        }
        Err(other) => Err(format!("the key could not be created: {other:?}").into()),
    }
}

async fn renew_secret(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let store = app::open(&args.database_url).await?;
    let renewed = server_secret::renew(&store).await;
    store.close().await;
    renewed.map_err(|cause| format!("the secret could not be renewed: {cause:?}"))?;
    print(
        "The server's secret was replaced: existing download links and addresses of approval pages no longer \
         work.\n",
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn rotate_keys(args: &RotateKeysArgs) -> Result<ExitCode, Failure> {
    let vault = Vault::read(args.secret_keys.secret_keys_file.as_deref())?;
    let Some(key) = vault.current_key() else {
        return Err("no keys are configured: set SECRET_KEYS or SECRET_KEYS_FILE".into());
    };
    let store = app::open(&args.database.database_url).await?;
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

/// Rate limits from the options. A bucket holds ten seconds' worth: a page that opens, or a batch
/// of sends, makes many requests at once and then few.
fn rates(args: &RateArgs) -> Rates {
    const SECONDS: u32 = 10;
    Rates {
        address: Rate::holding(args.rate_limit_address, SECONDS),
        key: Rate::holding(args.rate_limit_key, SECONDS),
        account: Rate::holding(args.rate_limit_account, SECONDS),
        platform: Rate::holding(args.rate_limit_platform, SECONDS),
    }
}

fn welcome(settings: &Settings, administration: Option<SocketAddr>, demo: Option<&Demo>) -> String {
    let base = settings.public_url.as_str().trim_end_matches('/');
    let Shown { graphiql, .. } = settings.shown;
    let mut text = format!("message-credits is serving.\n\n  page      {base}/\n");
    if graphiql {
        text.push_str(&format!("  GraphiQL  {base}/graphiql\n"));
    }
    text.push_str(&format!("  GraphQL   {base}/graphql\n"));
    text.push_str(&match settings.payments.selling() {
        Some(provider) if !provider.is_real() => format!(
            "  payments  {}: nobody is charged, and approved purchases give real credits\n",
            provider.name()
        ),
        Some(provider) => format!("  payments  {}\n", provider.name()),
        None => "  payments  none: nothing can be bought\n".to_owned(),
    });
    if let Some(address) = administration {
        text.push_str(&format!("  metrics   http://{address}/metrics\n"));
    }
    if let Some(demo) = demo {
        text.push_str("\nDemo keys, for `Authorization: Bearer …`:\n\n");
        text.push_str(&format!(
            "  account manager (every account)   {}\n",
            demo.manager_key
        ));
        text.push_str(&format!(
            "  platform administrator            {}\n",
            demo.admin_key
        ));
        for (name, key) in &demo.owner_keys {
            text.push_str(&format!("  owner of {name:<24} {key}\n"));
        }
    }
    text.push('\n');
    text
}

/// Writes to standard output; a closed pipe is an error like any other.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
