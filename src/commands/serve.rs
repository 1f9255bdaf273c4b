//! Serving: the server and the demo.
//!
//! Here: what is checked before the server starts, and what it prints. Not here: the parts, which
//! [`app`] wires, and stopping ([`lifecycle`]).

use std::{net::SocketAddr, process::ExitCode};

use entity::sql_enums::Role;

use super::{Failure, documents};
use crate::{
    app::{self, Settings},
    clock::Clock,
    config::{
        ServeArgs,
        admin_key::AdminKey,
        limits::LimitArgs,
        openid::OpenIdArgs,
        rates::RateArgs,
        retention::RetentionArgs,
        serving::{Purpose, Shown, is_loopback},
    },
    demo::{self, Demo},
    graphql::engine::persisted::Trusted,
    http::{
        address::TrustedProxies,
        capacity::Capacity,
        cors::CorsOrigins,
        rates::Rate,
        shares::{Costs, CostsByRole, Rates},
    },
    lifecycle, openid,
    operations::{Services, retention::Retention},
    payments::Providers,
    store::sql::{replica::Replica, server_lock},
    telemetry,
    vault::Vault,
};

/// What the options and the secrets give, before anything is opened.
pub(super) struct Prepared {
    payments: Providers,
    admin_key: Option<AdminKey>,
    cors_origins: CorsOrigins,
    vault: Vault,
    replica: Option<Replica>,
    trusted: Trusted,
    openid: Option<openid::Provider>,
}

impl Prepared {
    /// Reads the secrets and checks combinations of options.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) async fn read(args: &ServeArgs, purpose: Purpose) -> Result<Self, Vec<Failure>> {
        let mut problems: Vec<Failure> = Vec::new();
        if purpose == Purpose::Demo {
            kept(args.refuse_an_open_demo(), &mut problems);
        }
        let payments = kept(args.payments(purpose), &mut problems);
        let admin_key = AdminKey::read(
            args.admin_api_key.as_deref(),
            args.admin_api_key_file.as_deref(),
        );
        let admin_key = kept(admin_key, &mut problems);
        let cors_origins = CorsOrigins::read(&args.cors_origins)
            .map_err(|cause| format!("--cors-origins: {cause}"));
        let cors_origins = kept(cors_origins, &mut problems);
        let vault = Vault::read(args.secret_keys.secret_keys_file.as_deref());
        let vault = kept(vault, &mut problems);
        let replica = kept(args.reports.replica(), &mut problems);
        let trusted = kept(documents::trusted(&args.documents), &mut problems);
        let openid = kept(provider(&args.openid), &mut problems);
        let all = (
            payments,
            admin_key,
            cors_origins,
            vault,
            replica,
            trusted,
            openid,
        );
        let (
            Some(payments),
            Some(admin_key),
            Some(cors_origins),
            Some(vault),
            Some(replica),
            Some(trusted),
            Some(openid),
        ) = all
        else {
            return Err(problems);
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            payments,
            admin_key,
            cors_origins,
            vault,
            replica,
            trusted,
            openid,
        })
    }
}

/// The OpenID provider, if there is one.
fn provider(args: &OpenIdArgs) -> Result<Option<openid::Provider>, Failure> {
    let settings = args.settings()?;
    Ok(settings.map(openid::Provider::new).transpose()?)
}

/// The value; an error is added to the problems.
fn kept<T, E: Into<Failure>>(found: Result<T, E>, problems: &mut Vec<Failure>) -> Option<T> {
    found.map_err(|problem| problems.push(problem.into())).ok()
}

/// All problems in one error.
fn together(problems: &[Failure]) -> Failure {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("\nmessage-credits: ").into()
}

/// Serves until the process is asked to stop.
pub(super) async fn serve(args: ServeArgs, purpose: Purpose) -> Result<ExitCode, Failure> {
    let prepared = Prepared::read(&args, purpose)
        .await
        .map_err(|problems| together(&problems))?;
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
        admin_key: prepared.admin_key,
        clock,
        payments: prepared.payments,
        replica: prepared.replica,
        vault: prepared.vault,
        retention: retention(args.retention),
        shown,
        demo_key: owners.flatten().map(|(_, key)| key.clone()),
        trusted_proxies: TrustedProxies::new(args.trusted_proxies),
        cors_origins: prepared.cors_origins,
        rates: rates(&args.rates),
        capacity: capacity(&args.limits),
        trusted: prepared.trusted,
        openid: prepared.openid,
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
    warn_of_missing_keys(&app.services).await;
    let running = lifecycle::start(app, listener, administration)?;
    // From here on: before, a signal ends the process at once.
    let mut signals = lifecycle::Signals::listen();
    telemetry::logs::announce(&welcome)?;
    signals.next().await;
    running.leave(args.limits.stop_delay, signals.next()).await;
    running.stop(args.limits.drain_time).await;
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

async fn warn_of_missing_keys(services: &Services) {
    let missing = match services.missing_secret_keys().await {
        Ok(missing) => missing,
        // A server of a cluster may be down, whose accounts alone can't be served.
        Err(cause) => {
            tracing::warn!(
                ?cause,
                "the keys of the accounts' credentials can't be read"
            );
            return;
        }
    };
    for (key, secrets) in missing {
        tracing::warn!(
            key,
            secrets,
            "credentials for the payment provider are encrypted with a key that isn't configured: these accounts \
             can't pay until SECRET_KEYS or SECRET_KEYS_FILE has it, or they are connected again"
        );
    }
}

/// Rate limits from the options. A bucket holds ten seconds' worth: a page that opens, or a batch
/// of sends, makes many requests at once and then few.
fn rates(args: &RateArgs) -> Rates {
    const SECONDS: u32 = 10;
    // A limit that isn't 0 stays one, however many servers share it.
    let part = |limit: u32| Rate::holding(limit.div_ceil(args.rate_limit_servers), SECONDS);
    let role = |role: Role| {
        // The last one counts, as with other options that are given twice.
        let mut own = args.cost_limit_roles.iter().rev();
        let own = own.find(|(of, _)| *of == role);
        part(own.map_or(args.cost_limit_key, |(_, points)| *points))
    };
    Rates {
        address: part(args.rate_limit_address),
        key: part(args.rate_limit_key),
        account: part(args.rate_limit_account),
        platform: part(args.rate_limit_platform),
        costs: Costs {
            address: part(args.cost_limit_address),
            keys: CostsByRole::of(role),
        },
    }
}

/// What is erased after which time, from the options.
fn retention(args: RetentionArgs) -> Retention {
    Retention {
        months: args.retention_months,
        key_days: Some(args.idempotency_key_days).filter(|days| *days > 0),
    }
}

/// What the server admits at once, from the options.
fn capacity(args: &LimitArgs) -> Capacity {
    Capacity {
        clients: args.max_clients,
        anonymous_clients: args.max_anonymous_clients,
        requests: args.max_requests,
        uploads: args.max_uploads,
        file_bytes: args.max_upload_mib.saturating_mul(1024 * 1024),
        imports: args.max_imports,
        downloads: args.max_downloads,
        account_downloads: args.max_account_downloads,
        request_time: args.request_timeout,
        upload_time: args.upload_timeout,
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
