//! The networks from which a key works.
//!
//! Here: reading them from a request and from the database, and whether an address is in one. Not
//! here: a request's address, which [`crate::http`] works out behind trusted proxies.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::{OperationError, Path, refusal::Refusal};

/// The most networks of one key: an office, its data centres and its VPN are fewer.
pub const MAX_NETWORKS: usize = 20;

/// The longest prefix of an IPv6 network: a subscriber may use any address of a /64, so a request's
/// address is kept as its /64.
const MAX_V6_PREFIX: u8 = 64;

/// The networks from which a key works; none if it works from everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses(Vec<IpNet>);

impl AllowedAddresses {
    /// Reads networks such as `203.0.113.0/24`, or single IPv4 addresses.
    ///
    /// # Errors
    /// `Invalid` at `path` for too many, and at its position for one that isn't a network.
    pub fn parse(texts: &[String], path: &Path) -> Result<Self, Refusal> {
        if texts.len() > MAX_NETWORKS {
            return Err(path.invalid(text!(
                "At most {limit} networks are allowed; got {got}.",
                limit = MAX_NETWORKS,
                got = texts.len(),
            )));
        }
        let networks = texts.iter().enumerate().map(|(index, text)| {
            network(text.trim()).ok_or_else(|| {
                path.at(index).invalid(text!(
                    "Must be an IP network such as 203.0.113.0/24, or for IPv6 one of at most 64 bits such as 2001:db8:1::/48."
                ))
            })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Reads what [`Self::stored`] wrote.
    ///
    /// # Errors
    /// A fault if it is anything else: such a key must not work from everywhere.
    pub fn from_stored(stored: Option<&str>) -> Result<Self, OperationError> {
        let networks = stored.into_iter().flat_map(|text| text.split(','));
        let networks = networks.map(|text| {
            network(text).ok_or_else(|| OperationError::broken("a key's network is unreadable"))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// The form in which the database keeps them; `None` for everywhere.
    #[must_use]
    pub fn stored(&self) -> Option<String> {
        let texts: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    }

    /// Whether a key works from this address.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => text.parse::<IpAddr>().ok()?.into(),
    };
    match network {
        IpNet::V6(network) if network.prefix_len() > MAX_V6_PREFIX => None,
        network => Some(network.trunc()),
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedAddresses, MAX_NETWORKS};
    use crate::operations::Path;

    fn parse(texts: &[&str]) -> Option<AllowedAddresses> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        AllowedAddresses::parse(&texts, &Path::input("allowedAddresses")).ok()
    }

    #[test]
    fn a_key_works_from_its_networks_only() {
        let check = |networks: &[&str], address: &str, expected: bool| {
            let allowed = parse(networks).unwrap();
            let again = AllowedAddresses::from_stored(allowed.stored().as_deref()).unwrap();
            assert_eq!(again, allowed);
            let found = allowed.allow(address.parse().unwrap());
            assert_eq!(found, expected, "{networks:?} {address}");
        };
        check(&[], "198.51.100.7", true);
        check(&[], "2001:db8::1", true);
        check(&["203.0.113.0/24"], "203.0.113.255", true);
        check(&["203.0.113.77/24"], "203.0.113.0", true);
        check(&["203.0.113.0/24"], "203.0.114.0", false);
        check(&["203.0.113.0/24"], "::ffff:203.0.113.9", true);
        check(&["203.0.113.0/24"], "2001:db8::1", false);
        check(&["203.0.113.9"], "203.0.113.9", true);
        check(&["203.0.113.9"], "203.0.113.10", false);
        check(&["192.0.2.0/24", "2001:db8:1::/48"], "2001:db8:1:2::", true);
        check(&["192.0.2.0/24", "2001:db8:1::/48"], "2001:db8:2::", false);
        check(&["0.0.0.0/0"], "2001:db8::1", false);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "shop",
            "203.0.113.0/33",
            "203.0.113",
            "2001:db8::1",
            "2001:db8::/65",
            "::ffff:192.0.2.0/120",
            "192.0.2.0/24,192.0.3.0/24",
            "203.0.113.0/-1",
        ] {
            assert_eq!(parse(&[text]), None, "{text}");
        }
        assert!(parse(&["192.0.2.0/24"; MAX_NETWORKS]).is_some());
        assert_eq!(parse(&["192.0.2.0/24"; MAX_NETWORKS + 1]), None);
        assert!(AllowedAddresses::from_stored(Some("")).is_err());
    }
}
