//! Rules about combinations of options: payments, what anonymous clients see, where a demo may
//! listen.
//!
//! Here: which combinations are refused, and the messages. Not here: parsing options.

use std::net::SocketAddr;

use url::Url;

use super::{ServeArgs, ShownArgs};
use crate::payments::{self, Providers, SettingsError};

/// Whether the server shows demo data or real data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Demo data, whose keys the page offers to every visitor.
    Demo,
    /// A platform's own data.
    Platform,
}

/// Combinations of options that are refused.
#[derive(Debug, thiserror::Error)]
pub enum CombinationError {
    /// Credits would be given away without the operator having allowed it.
    #[error(
        "{0} charges nobody, and approved purchases give real credits for free: add \
         --allow-sandbox (ALLOW_SANDBOX=true) if this is a test server, or leave out --payment-provider \
         (PAYMENT_PROVIDER), so that nothing is sold"
    )]
    FreeCredits(&'static str),
    /// A server that moves money must use the system's clock.
    #[error("--clock-start is for rehearsals: it can't be used with a real payment provider")]
    ClockOfRealMoney,
    /// Everybody who can reach the demo gets its keys.
    #[error(
        "the demo's page gives its keys to every visitor, and --listen {0} is reachable from other machines: listen on \
         127.0.0.1 or [::1], or set --public-url to the URL at which others may open it"
    )]
    OpenDemo(SocketAddr),
    /// A provider's settings are missing or wrong.
    #[error(transparent)]
    Provider(#[from] SettingsError),
}

/// What anonymous clients see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// GraphiQL, at `/graphiql`.
    pub graphiql: bool,
    /// The schema, through introspection and through suggestions in error messages.
    pub introspection: bool,
    /// Metrics, on the public listener.
    pub metrics: bool,
}

impl Shown {
    /// Everything.
    pub const ALL: Self = Self {
        graphiql: true,
        introspection: true,
        metrics: true,
    };
}

impl ServeArgs {
    /// What anonymous clients see at this URL. In production, which is the default for https, only
    /// what was enabled explicitly; if metrics have a listener of their own, the same applies to
    /// them.
    #[must_use]
    pub fn shown(&self, public_url: &Url) -> Shown {
        let ShownArgs {
            production,
            graphiql,
            introspection,
            metrics,
        } = self.shown;
        let open = !production.unwrap_or(public_url.scheme() == "https");
        Shown {
            graphiql: graphiql.unwrap_or(open),
            introspection: introspection.unwrap_or(open),
            metrics: metrics.unwrap_or(open && self.admin_listen.is_none()),
        }
    }

    /// The payment providers. None sells, unless one was chosen or this is a demo.
    ///
    /// # Errors
    /// A provider that charges nobody was not allowed, the clock is moved while real money is
    /// charged, or settings are missing or wrong.
    pub fn payments(&self, purpose: Purpose) -> Result<Providers, CombinationError> {
        let chosen = match (self.payment_provider.as_deref(), purpose) {
            (None, Purpose::Demo) => Some(payments::DEMO),
            (chosen, _) => chosen,
        };
        let providers = Providers::new(chosen, &self.providers)?;
        if let Some(provider) = providers.selling() {
            let is_allowed = purpose == Purpose::Demo || self.allow_sandbox;
            if !provider.is_real() && !is_allowed {
                return Err(CombinationError::FreeCredits(provider.name()));
            }
            if provider.is_real() && self.clock_start.is_some() {
                return Err(CombinationError::ClockOfRealMoney);
            }
        }
        Ok(providers)
    }

    /// Refuses a demo that other machines can open unless the operator allowed it.
    ///
    /// # Errors
    /// The address is not loopback, and no public URL was given.
    pub fn refuse_an_open_demo(&self) -> Result<(), CombinationError> {
        if is_loopback(self.listen) || self.public_url.is_some() {
            return Ok(());
        }
        Err(CombinationError::OpenDemo(self.listen))
    }
}

/// Whether an address is reachable from this machine only.
#[must_use]
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Purpose, Shown};
    use crate::{
        config::{Cli, ServeArgs},
        payments,
    };

    fn args(words: &[&str]) -> ServeArgs {
        Cli::parse_from(["message-credits"].iter().chain(words)).serve
    }

    #[test]
    fn anonymous_clients_see_little_in_production() {
        let check = |words: &[&str], url: &str, expected: [bool; 3]| {
            let shown = args(words).shown(&url.parse().unwrap());
            let [graphiql, introspection, metrics] = expected;
            let expected = Shown {
                graphiql,
                introspection,
                metrics,
            };
            assert_eq!(shown, expected, "{words:?} at {url}");
        };
        let (http, https) = ("http://127.0.0.1:8080", "https://credits.example");
        check(&[], http, [true; 3]);
        check(&[], https, [false; 3]);
        check(&["--production"], http, [false; 3]);
        check(&["--production=false"], https, [true; 3]);
        check(&["--graphiql=false"], http, [false, true, true]);
        let own = ["--admin-listen", "127.0.0.1:9090"];
        check(&own, http, [true, true, false]);
        check(&[own[0], own[1], "--metrics"], http, [true; 3]);
        check(&["--introspection"], https, [false, true, false]);
        check(
            &["--production", "--metrics=on", "--introspection=off"],
            http,
            [false, false, true],
        );
    }

    #[test]
    fn nothing_is_sold_unless_a_provider_is_chosen() {
        let check = |words: &[&str], purpose, expected: Result<Option<&str>, &str>| {
            let found = args(words).payments(purpose);
            let found = found.map(|found| found.selling().map(|provider| provider.name()));
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{words:?}"),
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (found, _) => panic!("{words:?}: {found:?}"),
            }
        };
        let demo = Ok(Some(payments::DEMO));
        check(&[], Purpose::Platform, Ok(None));
        check(&["--allow-sandbox"], Purpose::Platform, Ok(None));
        check(&[], Purpose::Demo, demo);
        let chosen = ["--payment-provider", payments::DEMO];
        check(&chosen, Purpose::Demo, demo);
        check(&chosen, Purpose::Platform, Err("--allow-sandbox"));
        let allowed = ["--payment-provider", payments::DEMO, "--allow-sandbox"];
        check(&allowed, Purpose::Platform, demo);
    }

    #[test]
    fn a_demo_is_open_to_others_only_with_a_public_url() {
        let check = |words: &[&str], fits: bool| {
            assert_eq!(args(words).refuse_an_open_demo().is_ok(), fits, "{words:?}");
        };
        check(&[], true);
        check(&["--listen", "[::1]:80"], true);
        check(&["--listen", "[::ffff:127.0.0.1]:80"], true);
        check(&["--listen", "0.0.0.0:80"], false);
        check(&["--listen", "[::]:80"], false);
        check(&["--listen", "192.168.1.2:80"], false);
        let named = [
            "--listen",
            "0.0.0.0:80",
            "--public-url",
            "http://demo.example",
        ];
        check(&named, true);
    }
}
