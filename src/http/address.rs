//! A request's client address, for sharing limits among clients without a key.
//!
//! Here: address blocks, and which proxies' forwarding headers are trusted. Not here: what an
//! address may use, which `shares` and `rates` decide.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The smallest network that an IPv6 subscriber gets: the subscriber may use any address in it.
const V6_PREFIX: u32 = 64;
/// The header to which each proxy appends the address of its peer.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The origin of a request: an IPv4 address, or the /64 network of an IPv6 address. The connection
/// adds it to the extensions of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    /// The block that contains an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << (128 - V6_PREFIX));
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }

    /// The IPv4 address, or the first address of the IPv6 network.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0
    }

    /// The address that the connection stored in a request's extensions. Requests without a
    /// connection, as in unit tests, share one.
    #[must_use]
    pub fn noted(extensions: &Extensions) -> Self {
        let nowhere = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        extensions.get().copied().unwrap_or(nowhere)
    }
}

/// The networks of proxies whose `X-Forwarded-For` is trusted. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Trusts these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// Whether this peer is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// The client's address: the peer's, or the one that trusted proxies report. Proxies append, so
    /// the client is the last address that isn't a trusted proxy; the client may have written
    /// everything before it.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Address {
        if self.0.is_empty() || !self.trusts(peer) {
            return Address::of(peer);
        }
        let mut client = peer;
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            let Ok(line) = line.to_str() else {
                return Address::of(client);
            };
            for text in line.rsplit(',') {
                // No trusted proxy writes an unreadable address.
                let Ok(address) = text.trim().parse() else {
                    return Address::of(client);
                };
                client = address;
                if !self.trusts(client) {
                    return Address::of(client);
                }
            }
        }
        Address::of(client)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, TrustedProxies};
    use axum::http::{HeaderMap, HeaderValue};
    use std::net::IpAddr;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_subscriber_are_equal() {
        let same = |one, other| Address::of(ip(one)) == Address::of(ip(other));
        assert!(same("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn forwarded_addresses_count_from_trusted_proxies_only() {
        let trusted = TrustedProxies::new(vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ]);
        let check = |peer: &str, lines: &[&'static str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            let found = trusted.client(ip(peer), &headers);
            assert_eq!(found, Address::of(ip(expected)), "{peer} {lines:?}");
        };
        check("192.0.2.1", &["203.0.113.9"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        // The client may have written whatever precedes the last untrusted address.
        check(
            "10.0.0.1",
            &["198.51.100.7, 203.0.113.9, 10.1.1.1"],
            "203.0.113.9",
        );
        check(
            "10.0.0.1",
            &["198.51.100.7", "203.0.113.9,2001:db8::1"],
            "203.0.113.9",
        );
        check("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1");
        check("10.0.0.1", &["10.2.2.2"], "10.2.2.2");
        let none = TrustedProxies::default();
        let headers = HeaderMap::from_iter([(
            "x-forwarded-for".parse().unwrap(),
            HeaderValue::from_static("203.0.113.9"),
        )]);
        let found = none.client(ip("10.0.0.1"), &headers);
        assert_eq!(found, Address::of(ip("10.0.0.1")));
    }
}
