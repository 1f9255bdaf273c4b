//! The commands: serve, demo, migrate, verify, rebuild-usage, schema, key, secret.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use domain::id::AccountId;
use entity::sql_enums::Role;
use message_credits::{
    app::{self, Settings},
    clock::Clock,
    config::{
        Cli, Command, CreateKeyArgs, DatabaseArgs, KeyCommand, KeyRole, RebuildUsageArgs,
        SecretCommand, ServeArgs,
    },
    demo::{self, Demo},
    graphql::{ids::PublicId, schema},
    http::address::TrustedProxies,
    ledger::verify::{self, Progress},
    lifecycle,
    operations::{
        OperationError,
        api_key::{self, CreateApiKey},
        server_secret, usage_rollup,
    },
    telemetry,
};
use secrecy::ExposeSecret;

// The largest win for lists through GraphQL: answers are made of many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After so many accounts a long command says how far it is.
const PROGRESS_ACCOUNTS: u64 = 100;

/// Why a command failed, for whoever ran it.
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
            // Standard error may be gone; the exit code still tells.
            drop(writeln!(std::io::stderr(), "message-credits: {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(args, false).await,
        Command::Demo(args) => serve(args, true).await,
        Command::Migrate(args) => migrate(&args).await,
        Command::Verify(args) => verify(&args).await,
        Command::RebuildUsage(args) => rebuild_usage(&args).await,
        Command::Schema => {
            print(&schema::sdl())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(KeyCommand::Create(args)) => create_key(args).await,
        Command::Secret(SecretCommand::Renew(args)) => renew_secret(&args).await,
    }
}

async fn serve(args: ServeArgs, demo: bool) -> Result<ExitCode, Failure> {
    if args.clock_start.is_some() && args.payment_provider.is_real() {
        return Err(
            "--clock-start is for rehearsals: it can't be used with a real payment provider".into(),
        );
    }
    let clock = args
        .clock_start
        .map_or_else(Clock::system, Clock::starting_at);
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(|cause| format!("can't listen on {}: {cause}", args.listen))?;
    let address = listener.local_addr()?;
    let public_url = match args.public_url {
        Some(url) => url,
        None => format!("http://{address}").parse()?,
    };
    let store = app::open(&args.database.database_url).await?;
    let filled = if demo {
        Some(demo::fill(&store, &clock).await?)
    } else {
        None
    };
    let settings = Settings {
        public_url: public_url.clone(),
        admin_key: args.admin_api_key,
        clock,
        demo_key: filled.as_ref().map(|demo| demo.admin_key.clone()),
        trusted_proxies: TrustedProxies::new(args.trusted_proxies),
    };
    let app = app::assemble(store, settings)?;
    let running = lifecycle::start(app, listener)?;
    print(&welcome(&public_url, filled.as_ref()))?;
    lifecycle::asked_to_stop().await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn migrate(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    app::migrate(&args.database_url).await?.close().await;
    print("The database has this version's schema.\n")?;
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
            "{accounts} accounts, {transactions} transactions: every balance and chain holds.\n"
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
            // Standard error may be gone; the work goes on.
            drop(writeln!(std::io::stderr(), "{count} accounts …"));
        }
    };
    let rebuilt = usage_rollup::rebuild_usage(&store, &Clock::system(), account, tell).await;
    store.close().await;
    let count = rebuilt.map_err(|cause| format!("usage could not be added up: {cause:?}"))?;
    if account.is_some() && count == 0 {
        return Err("there is no such account".into());
    }
    print(&format!(
        "{count} accounts: their usage by day is added up.\n"
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
        Err(other) => Err(format!("the key could not be made: {other:?}").into()),
    }
}

async fn renew_secret(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let store = app::open(&args.database_url).await?;
    let renewed = server_secret::renew(&store).await;
    store.close().await;
    renewed.map_err(|cause| format!("the secret could not be renewed: {cause:?}"))?;
    print(
        "The server's secret is new: download links and addresses of approve pages that were handed out don't work any \
         more.\n",
    )?;
    Ok(ExitCode::SUCCESS)
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

fn welcome(public_url: &url::Url, demo: Option<&Demo>) -> String {
    let base = public_url.as_str().trim_end_matches('/');
    let mut text = format!(
        "message-credits is serving.\n\n  page      {base}/\n  GraphiQL  {base}/graphiql\n  GraphQL   {base}/graphql\n"
    );
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

/// Writes to standard output; a reader that has gone is a failure like any other.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
