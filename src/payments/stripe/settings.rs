//! The settings of Stripe.
//!
//! Here: the options, where the secrets come from, and which combinations are refused. Not here:
//! the sources of a secret ([`super::super::secret_setting`]).

use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::webhook::Secrets;
use crate::payments::{SettingsError, secret_setting};

/// The version of Stripe's API that the requests were written for.
pub const API_VERSION: &str = "2026-10-28.endive";
/// Stripe's own address.
const BASE_URL: &str = "https://api.stripe.com/";

const KEY: (&str, &str) = ("STRIPE_SECRET_KEY", "--stripe-secret-key-file");
const WEBHOOK: (&str, &str) = ("STRIPE_WEBHOOK_SECRET", "--stripe-webhook-secret-file");
const PREVIOUS: (&str, &str) = (
    "STRIPE_PREVIOUS_WEBHOOK_SECRET",
    "--stripe-previous-webhook-secret-file",
);

/// The settings of Stripe.
#[derive(Debug, Clone, Args)]
#[group(id = "stripe")]
pub struct Settings {
    /// Stripe: a file with a secret key (sk_…) or a restricted one (rk_…); docs/payments.md lists
    /// the permissions that a restricted key needs. The environment variable STRIPE_SECRET_KEY may
    /// hold the key itself. With a key for tests (sk_test_…) nobody is charged, so that
    /// --allow-sandbox is needed.
    #[arg(long, env = "STRIPE_SECRET_KEY_FILE", value_name = "FILE")]
    pub stripe_secret_key_file: Option<PathBuf>,
    /// Stripe: a file with the signing secret (whsec_…) of the webhook endpoint that sends events
    /// to /webhooks/stripe. The environment variable STRIPE_WEBHOOK_SECRET may hold the secret
    /// itself.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub stripe_webhook_secret_file: Option<PathBuf>,
    /// Stripe: a file with the signing secret before the last rotation, which is accepted too. The
    /// environment variable STRIPE_PREVIOUS_WEBHOOK_SECRET may hold the secret itself.
    #[arg(long, env = "STRIPE_PREVIOUS_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub stripe_previous_webhook_secret_file: Option<PathBuf>,
    /// Stripe: the version of its API.
    #[arg(long, env = "STRIPE_API_VERSION", value_name = "VERSION", default_value = API_VERSION)]
    pub stripe_api_version: String,
    /// Stripe: the address of its API, for tests against a double.
    #[arg(long, hide = true, value_name = "URL")]
    pub stripe_base_url: Option<Url>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stripe_secret_key_file: None,
            stripe_webhook_secret_file: None,
            stripe_previous_webhook_secret_file: None,
            stripe_api_version: API_VERSION.to_owned(),
            stripe_base_url: None,
        }
    }
}

/// Complete settings.
pub(super) struct Read {
    pub(super) secret_key: SecretString,
    pub(super) is_real: bool,
    pub(super) webhook_secrets: Secrets,
    pub(super) api_version: String,
    pub(super) base_url: Url,
}

/// The settings with their secrets; `None` if there are no secrets.
///
/// # Errors
/// A secret is missing, can't be read, or isn't of the kind that its place is for.
pub(super) fn read(settings: &Settings) -> Result<Option<Read>, SettingsError> {
    let secret = |(variable, _): (&str, &str), file: &Option<PathBuf>| {
        secret_setting::read(variable, file.as_deref())
    };
    let key = secret(KEY, &settings.stripe_secret_key_file)?;
    let webhook = secret(WEBHOOK, &settings.stripe_webhook_secret_file)?;
    let previous = secret(PREVIOUS, &settings.stripe_previous_webhook_secret_file)?;
    let (secret_key, current) = match (key, webhook, &previous) {
        (Some(key), Some(webhook), _) => (key, webhook),
        (None, None, None) => return Ok(None),
        (None, _, _) => return Err(missing(KEY, "a secret key of Stripe")),
        (Some(_), None, _) => {
            return Err(missing(
                WEBHOOK,
                "the signing secret of Stripe's webhook endpoint",
            ));
        }
    };
    let is_real = !is_for_tests(secret_key.expose_secret())?;
    let secrets = [(WEBHOOK, Some(current)), (PREVIOUS, previous)];
    let mut accepted = Vec::new();
    for (source, secret) in secrets {
        if let Some(secret) = secret {
            accepted.push(signing_secret(source, secret)?);
        }
    }
    let version = &settings.stripe_api_version;
    let is_version = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if version.is_empty() || !version.bytes().all(is_version) {
        return Err(SettingsError::Wrong(format!(
            "--stripe-api-version must be a version such as {API_VERSION}"
        )));
    }
    Ok(Some(Read {
        secret_key,
        is_real,
        webhook_secrets: Secrets::new(accepted),
        api_version: version.clone(),
        base_url: base_url(settings.stripe_base_url.as_ref())?,
    }))
}

fn missing((variable, option): (&str, &str), what: &str) -> SettingsError {
    SettingsError::Wrong(format!(
        "Stripe's settings are incomplete: {variable} or {option} must give {what}"
    ))
}

/// Whether a key belongs to Stripe's test mode, which charges nobody.
fn is_for_tests(key: &str) -> Result<bool, SettingsError> {
    let (variable, option) = KEY;
    if key.starts_with("sk_test_") || key.starts_with("rk_test_") {
        return Ok(true);
    }
    if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
        return Ok(false);
    }
    Err(SettingsError::Wrong(format!(
        "{variable} or {option} must give a key that begins with sk_live_, rk_live_, sk_test_ or rk_test_; \
         a publishable key (pk_…) can't take payments"
    )))
}

fn signing_secret(
    (variable, option): (&str, &str),
    secret: SecretString,
) -> Result<SecretString, SettingsError> {
    if secret.expose_secret().starts_with("whsec_") {
        return Ok(secret);
    }
    Err(SettingsError::Wrong(format!(
        "{variable} or {option} must give a signing secret that begins with whsec_, which Stripe shows with the \
         webhook endpoint"
    )))
}

/// Another address than Stripe's gets the secret key, so that it must be protected or on this
/// machine.
fn base_url(given: Option<&Url>) -> Result<Url, SettingsError> {
    let wrong = || {
        let text = "--stripe-base-url must be an https URL, or an http URL on this machine";
        SettingsError::Wrong(text.to_owned())
    };
    let Some(url) = given else {
        return BASE_URL.parse().map_err(|_| wrong());
    };
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        return Ok(url.clone());
    }
    Err(wrong())
}

#[cfg(test)]
mod tests;
