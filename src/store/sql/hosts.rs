//! URLs of PostgreSQL with one host or several.
//!
//! Here: parsing them. The driver takes one host, so each gets options of its own. Not here: which
//! host is used ([`super::reach`]).

use sea_orm::sqlx::postgres::PgConnectOptions;

/// The parameter that says which of several hosts may be used.
const WANTED: &str = "target_session_attrs";

/// The hosts of a URL, in its order.
#[derive(Debug)]
pub(super) struct Hosts {
    hosts: Vec<(String, PgConnectOptions)>,
    must_be_writable: bool,
}

impl Hosts {
    /// Parses a URL such as `postgres://user@a,b:5433/name?target_session_attrs=read-write`.
    ///
    /// # Errors
    /// What is wrong with the URL, without its password.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
            .ok_or("write sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (user, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let mut must_be_writable = hosts.contains(',');
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((WANTED, "read-write" | "primary")) => must_be_writable = true,
                Some((WANTED, "any")) => must_be_writable = false,
                Some((WANTED, other)) => {
                    return Err(format!(
                        "{WANTED} may be read-write, primary or any; got {other}"
                    ));
                }
                Some(_) | None => kept.push(pair),
            }
        }
        let query = match kept.is_empty() {
            true => String::new(),
            false => format!("?{}", kept.join("&")),
        };
        let options = |host: &str| {
            let options: PgConnectOptions = format!("{scheme}://{user}{host}{path}{query}")
                .parse()
                .map_err(|cause| format!("the URL can't be parsed: {cause}"))?;
            let name = match options.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            };
            Ok::<_, String>((name, options))
        };
        let hosts = hosts.split(',').map(options).collect::<Result<_, _>>()?;
        Ok(Self {
            hosts,
            must_be_writable,
        })
    }

    /// The number of hosts, at least one.
    pub(super) fn count(&self) -> usize {
        self.hosts.len()
    }

    /// Whether a host is of use only if it can be written.
    pub(super) fn must_be_writable(&self) -> bool {
        self.must_be_writable
    }

    /// How to connect to a host.
    pub(super) fn options(&self, place: usize) -> PgConnectOptions {
        let found = self.hosts.get(place).or(self.hosts.first());
        found.map_or_else(PgConnectOptions::new, |(_, options)| options.clone())
    }

    /// A host and its port, for people.
    pub(super) fn name(&self, place: usize) -> &str {
        self.hosts.get(place).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn each_host_gets_options_of_its_own() {
        let check = |url: &str, names: &[&str], writable: bool| {
            let hosts = Hosts::parse(url).unwrap();
            let found: Vec<&str> = (0..hosts.count()).map(|place| hosts.name(place)).collect();
            assert_eq!(found, names, "{url}");
            assert_eq!(hosts.must_be_writable(), writable, "{url}");
            for place in 0..hosts.count() {
                let options = hosts.options(place);
                assert_eq!(options.get_username(), "us@er");
                assert_eq!(options.get_database(), Some("books"));
            }
        };
        check("postgres://us%40er@one:5433/books", &["one:5433"], false);
        check(
            "postgresql://us%40er:p%2Fw@one:5433,two:5434/books?sslmode=disable",
            &["one:5433", "two:5434"],
            true,
        );
        check(
            "postgres://us%40er@one:1,two:2/books?target_session_attrs=any&sslmode=disable",
            &["one:1", "two:2"],
            false,
        );
        check(
            "postgres://us%40er@one:1/books?target_session_attrs=read-write",
            &["one:1"],
            true,
        );
    }

    #[test]
    fn urls_that_cannot_be_used_are_refused_without_their_password() {
        for (url, said) in [
            ("mysql://localhost/x", "postgres://USER@HOST/NAME"),
            (
                "postgres://u:secret@a/x?target_session_attrs=standby",
                "read-write, primary or any",
            ),
            ("postgres://u:secret@a:port/x", "can't be parsed"),
        ] {
            let refused = Hosts::parse(url).unwrap_err();
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
