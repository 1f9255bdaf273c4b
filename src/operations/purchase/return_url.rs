//! The page that a buyer returns to after deciding. It must have an origin that the account's owner
//! allowed, so that no member can send the owner elsewhere.

use entity::account;
use url::{Host, Origin, Url};

use super::super::{Path, Refusal, Services};
use crate::localization::Text;

/// The longest return URL, in bytes.
const MAX_RETURN_URL_BYTES: usize = 2_048;
/// The most origins that an account can allow.
pub const MAX_RETURN_ORIGINS: usize = 20;
/// The longest origin in bytes: a host name has at most 253.
const MAX_ORIGIN_BYTES: usize = 300;

/// Parses a URL that a browser may be sent to, and normalizes it as a browser would.
///
/// # Errors
/// `Invalid` at `input.returnUrl`.
pub(in crate::operations) fn return_url(text: &str) -> Result<Url, Refusal> {
    let refuse = |message: Text| Err(Path::input("returnUrl").invalid(message));
    let wanted = || {
        text!(
            "Must be an absolute http or https URL of at most {limit} bytes.",
            limit = MAX_RETURN_URL_BYTES,
        )
    };
    if text.chars().any(char::is_control) {
        return refuse(wanted());
    }
    let Ok(url) = text.parse::<Url>() else {
        return refuse(wanted());
    };
    let length = text.len().max(url.as_str().len());
    if length > MAX_RETURN_URL_BYTES || !is_web(&url) || !url.has_host() {
        return refuse(wanted());
    }
    if has_user(&url) {
        return refuse(text!(
            "Must not have a user name or a password before the host; remove the part before \"@\"."
        ));
    }
    Ok(url)
}

/// Parses the origins that an account's buyers may return to, and normalizes them as browsers
/// would.
///
/// # Errors
/// Too many origins at `path`; an invalid one by position below it.
pub fn return_origins(texts: &[String], path: &Path) -> Result<Vec<String>, Refusal> {
    if texts.len() > MAX_RETURN_ORIGINS {
        return Err(path.invalid(text!(
            "Must be at most {limit} origins; got {got}.",
            limit = MAX_RETURN_ORIGINS,
            got = texts.len()
        )));
    }
    let mut origins = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let origin = origin(text).ok_or_else(|| {
            path.at(index).invalid(
                text!("Must be an origin such as \"https://shop.example\": https, a host name, perhaps a port, and nothing \
                 else. http is for localhost and 127.0.0.1."),
            )
        })?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

fn origin(text: &str) -> Option<String> {
    if text.len() > MAX_ORIGIN_BYTES || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url: Url = text.parse().ok()?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && !has_user(&url)
        // The parser repairs or drops these characters, which an origin never has.
        && !text.contains(['\\', '@', '?', '#']);
    // A host that a Content-Security-Policy can't name can't be returned to.
    let has_name = matches!(url.host(), Some(Host::Domain(name)) if !name.contains('*'))
        || matches!(url.host(), Some(Host::Ipv4(_)));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (is_bare && has_name && is_safe).then(|| url.origin().ascii_serialization())
}

impl Services {
    /// Whether an account's buyers may be sent to a URL. Its origin is one of the account's or this
    /// server's own. If the server has a loopback address, any origin on this machine will do.
    #[must_use]
    pub(super) fn may_return_to(&self, account: &account::Model, url: &Url) -> bool {
        if !is_web(url) || has_user(url) {
            return false;
        }
        let origin = url.origin();
        matches!(origin, Origin::Tuple(..))
            && (origin == self.public_url().origin()
                || (is_loopback(self.public_url()) && is_loopback(url))
                || origins_of(account).any(|own| own == origin.ascii_serialization()))
    }

    /// Checks that an account's buyers may be sent to a URL.
    ///
    /// # Errors
    /// `Invalid` at `input.returnUrl`.
    pub(in crate::operations) fn check_return_to(
        &self,
        account: &account::Model,
        url: &Url,
    ) -> Result<(), Refusal> {
        if self.may_return_to(account, url) {
            return Ok(());
        }
        Err(Path::input("returnUrl").invalid(text!("Must be on an origin that the account allows; {origin} is not one. An owner adds it with \
             updateAccount(returnOrigins).", origin = url.origin().ascii_serialization())))
    }
}

/// The origins that an account's buyers may return to.
pub fn origins_of(account: &account::Model) -> impl Iterator<Item = &str> {
    account.return_origins.split_ascii_whitespace()
}

/// The stored form of an account's origins.
#[must_use]
pub fn kept_origins(origins: &[String]) -> String {
    origins.join(" ")
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Whether a URL is on the local machine. IPv6 is left out, because a Content-Security-Policy can't
/// name it.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, return_origins, return_url};

    #[test]
    fn a_return_url_is_a_web_page() {
        let check = |text: &str, fits: bool| {
            assert_eq!(return_url(text).is_ok(), fits, "{text:.80}");
        };
        check("https://shop.example/credits?tab=2#top", true);
        check("http://localhost:3000", true);
        check("https://shop.example/@me", true);
        check("https://good.example@evil.example/", false);
        check("https://a:b@evil.example/", false);
        check("https://:b@evil.example/", false);
        check("javascript:alert(1)", false);
        check("data:text/html,hi", false);
        check("ftp://shop.example/", false);
        check("//shop.example/", false);
        check("/credits", false);
        check("shop.example", false);
        check("https://", false);
        check("https://shop.example/\0", false);
        check("https://shop.example/a\nb", false);
        // Too long only after percent-encoding.
        check(&format!("https://x.example/{}", "è".repeat(1_000)), false);
        check("", false);
        check(&format!("https://x.example/{}", "a".repeat(2_031)), false);
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let check = |text: &str, origin: Option<&str>| {
            let read = return_origins(&[text.to_owned()], &Path::input("returnOrigins")).ok();
            assert_eq!(read.as_deref().map(|all| all[0].as_str()), origin, "{text}");
        };
        check("https://shop.example", Some("https://shop.example"));
        check("https://Shop.Example:443/", Some("https://shop.example"));
        check(
            "https://shop.example:8443",
            Some("https://shop.example:8443"),
        );
        check(
            "https://caffè.example",
            Some("https://xn--caff-8oa.example"),
        );
        check("https://192.0.2.1", Some("https://192.0.2.1"));
        check("http://localhost:3000", Some("http://localhost:3000"));
        check("http://127.0.0.1:3000", Some("http://127.0.0.1:3000"));
        for wrong in [
            "",
            "shop.example",
            "http://shop.example",
            "https://shop.example/credits",
            "https://shop.example?",
            "https://shop.example#",
            "https://good.example@evil.example",
            "https://@shop.example",
            "https:\\\\shop.example",
            "https://*.shop.example",
            "https://shop.example https://evil.example",
            "https://[::1]:3000",
            "https://",
            "*",
            "null",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn origins_are_bounded_and_stored_once() {
        let path = Path::input("returnOrigins");
        let many: Vec<String> = (0..21).map(|n| format!("https://{n}.example")).collect();
        assert!(return_origins(&many, &path).is_err());
        assert_eq!(return_origins(&many[..20], &path).unwrap(), many[..20]);
        let twice = [
            "https://a.example".to_owned(),
            "https://A.example/".to_owned(),
        ];
        assert_eq!(
            return_origins(&twice, &path).unwrap(),
            ["https://a.example"]
        );
        let wrong = ["https://a.example".to_owned(), "x".to_owned()];
        let refused = return_origins(&wrong, &path).unwrap_err();
        assert_eq!(refused.field, ["input", "returnOrigins", "1"]);
    }
}
