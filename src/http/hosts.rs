//! The host names that a demo answers under.
//!
//! A demo's pages offer a key to every visitor. Any site can resolve its own name to 127.0.0.1 (DNS
//! rebinding) and would then read the demo's pages as its own; but it can't make a browser send
//! another `Host` than its own name. Here: the check of that name. Not here: starting a demo. Other
//! servers need no check: they offer no key and read no cookies, so a host name opens nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::Url;

/// The host names of a demo: loopback ones, and that of its public URL.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    public_url: Url,
}

impl Hosts {
    /// The names of a demo with this public URL.
    pub(super) fn of(public_url: Url) -> Self {
        Self { public_url }
    }

    /// Whether a request names one of them in every place that can name a host. A request that
    /// names none is not a browser's, and is refused as well.
    fn are_meant(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let authority = uri.authority();
        if authority.is_some_and(|named| !self.is_one(named)) {
            return false;
        }
        let mut named = headers.get_all(header::HOST).iter();
        match (named.next(), named.next()) {
            // HTTP/2 names the host in the request's URI alone.
            (None, _) => authority.is_some(),
            (Some(host), None) => {
                let host = host.to_str().ok().and_then(|host| host.parse().ok());
                host.is_some_and(|host| self.is_one(&host))
            }
            (Some(_), Some(_)) => false,
        }
    }

    fn is_one(&self, named: &Authority) -> bool {
        // The part before an @ is a user name; no browser sends one.
        if named.as_str().contains('@') {
            return false;
        }
        let host = named.host();
        is_loopback(host)
            || self
                .public_url
                .host_str()
                .is_some_and(|public| public.eq_ignore_ascii_case(host))
    }
}

fn is_loopback(host: &str) -> bool {
    let six = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|four: Ipv4Addr| four.is_loopback())
        || six.is_some_and(|six| six.parse().is_ok_and(|six: Ipv6Addr| six.is_loopback()))
}

/// Passes requests that name one of the demo's hosts.
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.are_meant(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let text = format!(
        "This demo answers at {} and under loopback names such as localhost; the request's Host is another \
         name. Start it with --public-url to give it that name.\n",
        hosts.public_url
    );
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Uri, header};

    use super::Hosts;

    #[test]
    fn a_demo_answers_only_under_its_own_host_names() {
        let hosts = Hosts::of("http://Demo.example:8080/".parse().unwrap());
        let check = |uri: &'static str, host: &[&'static str], answered: bool| {
            let mut headers = HeaderMap::new();
            for host in host {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            let found = hosts.are_meant(&Uri::from_static(uri), &headers);
            assert_eq!(found, answered, "{uri} of {host:?}");
        };
        for own in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.8.9.1:1",
            "[::1]:8080",
            "demo.example",
            "DEMO.EXAMPLE:9",
        ] {
            check("/", &[own], true);
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "demo.example.evil.example",
            "demo.example@evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "evil.example#localhost",
            "192.168.1.2:8080",
            "0.0.0.0:8080",
            "[::]",
            "::1",
            "localhost:80:80",
        ] {
            check("/", &[foreign], false);
        }
        check("/", &[], false);
        check("/", &["localhost", "evil.example"], false);
        check("http://evil.example/", &["localhost"], false);
        check("http://localhost/", &["localhost"], true);
        check("http://localhost/", &[], true);
        check("http://evil.example/", &[], false);
        check("http://localhost/", &["evil.example"], false);
    }
}
