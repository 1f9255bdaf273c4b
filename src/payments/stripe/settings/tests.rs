//! Which settings of Stripe are complete, and which are refused.

use std::path::{Path, PathBuf};

use super::{Settings, SettingsError, read};

fn file(folder: &Path, name: &str, text: &str) -> Option<PathBuf> {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    Some(file)
}

fn refused(settings: &Settings, words: &str) {
    match read(settings) {
        Err(SettingsError::Wrong(text)) => assert!(text.contains(words), "{text}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted: {settings:?}"),
    }
}

#[test]
fn stripe_is_off_without_its_secrets_and_refuses_half_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let key = file(folder.path(), "key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc\n");
    let webhook = file(
        folder.path(),
        "webhook",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    );
    assert!(read(&Settings::default()).unwrap().is_none());

    let mut settings = Settings {
        stripe_webhook_secret_file: webhook.clone(),
        ..Settings::default()
    };
    refused(&settings, "--stripe-secret-key-file");
    settings.stripe_webhook_secret_file = None;
    settings.stripe_previous_webhook_secret_file = webhook.clone();
    refused(&settings, "STRIPE_SECRET_KEY");
    settings.stripe_secret_key_file = key;
    refused(&settings, "--stripe-webhook-secret-file");
    settings.stripe_webhook_secret_file = webhook;
    let found = read(&settings).unwrap().unwrap();
    assert!(found.is_real);
    assert_eq!(found.base_url.as_str(), "https://api.stripe.com/");
}

#[test]
fn secrets_of_the_wrong_kind_are_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let with = |key: &str, secret: &str| Settings {
        stripe_secret_key_file: file(folder.path(), "key", key),
        stripe_webhook_secret_file: file(folder.path(), "webhook", secret),
        ..Settings::default()
    };
    for (key, is_real) in [
        ("sk_live_a", true),
        ("rk_live_a", true),
        ("sk_test_a", false),
        ("rk_test_a", false),
    ] {
        let found = read(&with(key, secret)).unwrap().unwrap();
        assert_eq!(found.is_real, is_real, "{key}");
    }
    for key in ["pk_live_abcdef", "whsec_abcdef"] {
        refused(&with(key, secret), "begins with sk_live_");
        let error = read(&with(key, secret)).err().unwrap().to_string();
        assert!(!error.contains("abcdef"), "{error}");
    }
    refused(&with("sk_live_a", "sk_live_a"), "begins with whsec_");
}

#[test]
fn the_key_is_sent_to_safe_addresses_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |url: &str| Settings {
        stripe_secret_key_file: file(folder.path(), "key", "sk_test_a"),
        stripe_webhook_secret_file: file(folder.path(), "webhook", "whsec_a"),
        stripe_base_url: Some(url.parse().unwrap()),
        ..Settings::default()
    };
    for url in [
        "https://stripe.example/",
        "http://127.0.0.1:8420",
        "http://localhost:1",
    ] {
        assert!(read(&at(url)).is_ok(), "{url}");
    }
    for url in [
        "http://stripe.example/",
        "http://10.0.0.1/",
        "ftp://localhost/",
    ] {
        refused(&at(url), "--stripe-base-url");
    }
    let odd = Settings {
        stripe_api_version: "a b".to_owned(),
        ..at("https://stripe.example/")
    };
    refused(&odd, "--stripe-api-version");
}
