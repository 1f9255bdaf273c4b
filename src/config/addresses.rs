//! Parsers of URLs and networks, whose refusals say what would be right.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Url;

/// A URL of a web server.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url: Option<Url> = text.trim().parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            "write a URL such as https://credits.example or http://127.0.0.1:8080".to_owned()
        })
}

/// A network such as 10.0.0.0/8, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            "write a network such as 10.0.0.0/8, or an address such as 10.0.0.1".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::http_url;

    #[test]
    fn urls_of_other_kinds_are_refused() {
        for text in ["foo", "ftp://a", "mailto:a@b", "http://", ""] {
            let refused = http_url(text).unwrap_err();
            assert!(refused.starts_with("write a URL"), "{text}");
        }
        assert_eq!(http_url("http://[::1]:8080").unwrap().port(), Some(8080));
    }
}
