//! The settings of Shopify: what is missing or wrong is named.

use message_credits::payments::{Approval, Providers, shopify::Settings};

use crate::support::shopify::{SECRET, settings};

#[test]
fn settings_that_are_missing_or_wrong_are_named() {
    let refused = |set: fn(&mut Settings), option: &str| {
        let (settings, _file) = settings(set);
        let error = Providers::new(None, &settings).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
        assert!(!error.contains(SECRET), "{error}");
    };
    refused(
        |settings| settings.shopify_client_id = None,
        "--shopify-client-id",
    );
    refused(
        |settings| settings.shopify_client_id = Some(" ".into()),
        "--shopify-client-id",
    );
    refused(
        |settings| settings.shopify_client_secret_file = None,
        "--shopify-client-secret-file",
    );
    refused(
        |settings| settings.shopify_client_secret_file = Some("/nowhere/at/all".into()),
        "--shopify-client-secret-file",
    );
    refused(
        |settings| settings.shopify_previous_client_secret_file = Some("/nowhere/at/all".into()),
        "--shopify-previous-client-secret-file",
    );
    for version in ["", "2026", "26-10", "2026-1", "../2026-10", "2026-10/x"] {
        let (settings, _file) = settings(|settings| {
            settings.shopify_api_version = Some(version.to_owned());
        });
        let error = Providers::new(None, &settings).unwrap_err().to_string();
        assert!(
            error.contains("--shopify-api-version"),
            "{version}: {error}"
        );
    }
    // Access tokens go there.
    for url in [
        "https://evil.example/",
        "http://localhost:9/",
        "http://192.0.2.1/",
        "file:///tmp",
    ] {
        let (settings, _file) = settings(|settings| {
            settings.shopify_base_url = Some(url.parse().unwrap());
        });
        let error = Providers::new(None, &settings).unwrap_err().to_string();
        assert!(error.contains("--shopify-base-url"), "{url}: {error}");
    }
}

#[test]
fn shopify_sells_once_its_settings_are_complete() {
    let none = message_credits::payments::ProviderSettings::default();
    assert!(
        Providers::new(None, &none)
            .unwrap()
            .named("shopify")
            .is_none()
    );
    let error = Providers::new(Some("shopify"), &none)
        .unwrap_err()
        .to_string();
    assert!(error.contains("shopify needs its settings"), "{error}");

    let (settings, _file) = settings(|_| {});
    let providers = Providers::new(Some("shopify"), &settings).unwrap();
    let shopify = providers.selling().unwrap();
    assert_eq!((shopify.name(), shopify.is_real()), ("shopify", true));
    assert_eq!(shopify.approval(), Approval::ProviderPage);
    let credentials: Vec<_> = shopify
        .credentials()
        .unwrap()
        .iter()
        .map(|one| (one.name, one.is_optional))
        .collect();
    assert_eq!(
        credentials,
        [
            ("accessToken", false),
            ("refreshToken", true),
            ("expiresAt", true)
        ]
    );
    // Its secret is in no log.
    assert!(!format!("{providers:?}").contains(SECRET));
}
