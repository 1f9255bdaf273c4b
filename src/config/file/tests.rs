//! Files of settings: what is taken, and what is refused with which words.

use std::path::Path;

use super::{FileError, FileSettings};
use crate::{config::sources::command, payments};

fn parse(text: &str) -> Result<FileSettings, FileError> {
    FileSettings::parse(Path::new("settings.toml"), text, &command())
}

#[test]
fn each_kind_of_value_is_taken() {
    let text = "
        listen = \"127.0.0.1:0\"
        rate_limit_key = 7
        graphiql = false
        stop-delay = \"10s\"
        cors-origins = [\"https://a.example\", \"https://b.example\"]
        trusted-proxies = \"10.0.0.0/8,127.0.0.1\"
    ";
    let found = parse(text).unwrap();
    let values = |option| found.values(option).unwrap().join(" ");
    assert_eq!(values("listen"), "127.0.0.1:0");
    assert_eq!(values("rate-limit-key"), "7");
    assert_eq!(values("graphiql"), "false");
    assert_eq!(
        values("cors-origins"),
        "https://a.example https://b.example"
    );
    assert_eq!(values("trusted-proxies"), "10.0.0.0/8,127.0.0.1");
    assert!(found.has("stop-delay") && !found.has("metrics"));
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let refused = |text: &str, words: &[&str]| {
        let error = parse(text).unwrap_err().to_string();
        for word in ["settings.toml"].iter().chain(words) {
            assert!(error.contains(word), "{text}: {error}");
        }
    };
    refused(
        "lissten = \"127.0.0.1:0\"",
        &["lissten", "did you mean listen?"],
    );
    refused(
        "colour = \"red\"",
        &["colour", "no such setting", "config reference"],
    );
    refused(
        "listen = 8080",
        &["listen", "text in quotation marks, and is a number"],
    );
    refused(
        "listen = \"nowhere\"",
        &["listen", "invalid value 'nowhere'"],
    );
    refused("max-requests = \"many\"", &["a whole number", "is text"]);
    refused("max-requests = 0", &["max-requests", "from 8 to 1000000"]);
    refused("graphiql = \"yes\"", &["true or false"]);
    refused("stop-delay = \"soon\"", &["such as 500ms, 10s or 2m"]);
    refused("cors-origins = [1]", &["cors-origins", "is a number"]);
    refused("listen = [\"127.0.0.1:0\"]", &["is a list"]);
    refused(
        "[serve]\nlisten = \"127.0.0.1:0\"",
        &["serve", "no such setting"],
    );
    refused("stop-delay = \"1s\"\nstop_delay = \"2s\"", &["set it once"]);
    refused(
        "admin-api-key = \"x\"",
        &["a file of its own", "admin-api-key-file"],
    );
    refused("role = \"OWNER\"", &["an option of `create`"]);
    refused("config = \"other.toml\"", &["config"]);
    refused(
        "payment-provider = \"nobody\"",
        &[&payments::NAMES.join(", ")],
    );
    refused("listen 8080", &["isn't a TOML file", "line 1"]);
    let missing = FileSettings::read(Path::new("/no/such/file.toml"), &command()).unwrap_err();
    assert!(
        missing.to_string().contains("/no/such/file.toml"),
        "{missing}"
    );
}
