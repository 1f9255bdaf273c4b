//! What each account, key and address may have of the server at a time, and how fast it may ask.
//!
//! Here: the bounded things of GraphQL requests, apart for those who have shown a key and for strangers, so that the
//! latter never take what the former need. Not here: connections, which `connections` shares; files, scans and
//! imports, which have lines of their own; the lines themselves ([`crate::fair`]).

use std::time::Duration;

use domain::id::{AccountId, ApiKeyId};

use super::{
    address::Address,
    rates::{Buckets, Rate},
};
use crate::{
    fair::{Bounds, Full, Line, Place, Urgency},
    operations::Viewer,
};

/// Whose share something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An account's, whichever of its keys was shown.
    Account(AccountId),
    /// The platform's: one of its keys, or none for the administrator's key of the server itself.
    Platform(Option<ApiKeyId>),
    /// An address's: nobody has shown a key.
    Address(Address),
    /// The connections of trusted proxies.
    Proxies,
}

/// Who is asking, as far as shares go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    /// Whose share it takes.
    pub owner: Owner,
    /// The key that was shown.
    key: Option<ApiKeyId>,
}

impl Asker {
    pub(crate) fn new(viewer: Option<&Viewer>, address: Address) -> Self {
        let owner = match viewer {
            None => Owner::Address(address),
            Some(viewer) => viewer
                .account
                .map_or(Owner::Platform(viewer.key), Owner::Account),
        };
        Self {
            owner,
            key: viewer.and_then(|viewer| viewer.key),
        }
    }

    pub(crate) fn is_stranger(&self) -> bool {
        matches!(self.owner, Owner::Address(_))
    }
}

/// Why something can't be had now, and when it may be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The asker has its share already.
    Share,
    /// The asker has asked too fast; it may ask again after this time.
    Rate(Duration),
    /// Others have taken everything.
    Full,
}

impl Denied {
    /// When it may be asked for again.
    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Rate(wait) => *wait,
            Self::Share | Self::Full => Duration::from_secs(1),
        }
    }

    /// What a client is told.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Share => "This account, key or address has as many requests at once as it may have; wait for an answer before you send more.".to_owned(),
            Self::Rate(wait) => format!(
                "This account, key or address has asked more than it may for a while; try again in {} s.",
                super::rates::retry_after_seconds(*wait)
            ),
            Self::Full => "The server has no room for this request; try again in a second.".to_owned(),
        }
    }
}

impl From<Full> for Denied {
    fn from(full: Full) -> Self {
        match full {
            Full::All => Self::Full,
            Full::Owner => Self::Share,
        }
    }
}

/// How fast each may ask; without a limit if there is none. A request costs 1, and more the larger it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// An address without a key.
    pub address: Option<Rate>,
    /// A key of an account.
    pub key: Option<Rate>,
    /// An account, all its keys together.
    pub account: Option<Rate>,
    /// A key of the platform.
    pub platform: Option<Rate>,
}

/// The same bounded thing for those with a key and for strangers.
#[derive(Debug)]
struct Rooms {
    known: Line<Owner>,
    strangers: Line<Owner>,
    /// What one key may take of its account's share.
    keys: Line<ApiKeyId>,
}

/// What is held of a room until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _own: Option<Place<ApiKeyId>>,
    _one: Place<Owner>,
}

/// What a room has, in all and for one owner.
struct Size {
    places: usize,
    share: usize,
    key_share: usize,
}

impl Rooms {
    fn new(known: Size, strangers: Size) -> Self {
        let line = |size: &Size, waiting, waiting_share| Bounds {
            places: size.places,
            reserved: 0,
            share: size.share,
            waiting,
            waiting_share,
            patience: PATIENCE,
        };
        Self {
            keys: Line::new(Bounds {
                places: usize::MAX,
                reserved: 0,
                share: known.key_share,
                waiting: MAX_WAITING,
                waiting_share: KEY_WAITING,
                patience: PATIENCE,
            }),
            known: Line::new(line(&known, MAX_WAITING, OWNER_WAITING)),
            strangers: Line::new(line(&strangers, STRANGERS_WAITING, ADDRESS_WAITING)),
        }
    }

    async fn take(&self, asker: &Asker, weight: usize) -> Result<Held, Denied> {
        if asker.is_stranger() {
            let one = self
                .strangers
                .take_many(asker.owner, weight, Urgency::Ordinary);
            return Ok(Held {
                _own: None,
                _one: one.await?,
            });
        }
        let own = match asker.key {
            None => None,
            Some(key) => Some(self.keys.take_many(key, weight, Urgency::Ordinary).await?),
        };
        let one = self.known.take_many(asker.owner, weight, Urgency::Ordinary);
        Ok(Held {
            _own: own,
            _one: one.await?,
        })
    }

    fn try_take(&self, asker: &Asker) -> Result<Held, Denied> {
        if asker.is_stranger() {
            return Ok(Held {
                _own: None,
                _one: self.strangers.try_take(asker.owner)?,
            });
        }
        let own = asker.key.map(|key| self.keys.try_take(key)).transpose()?;
        Ok(Held {
            _own: own,
            _one: self.known.try_take(asker.owner)?,
        })
    }
}

/// How long a request waits for its share: well below what clients wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests with a key that wait, in all, for one account and for one key. One that waits keeps its body and its
/// connection and nothing else.
const MAX_WAITING: usize = 2_048;
const OWNER_WAITING: usize = 1_024;
// A sending service that sends five hundred at once waits for its turn.
const KEY_WAITING: usize = 512;
/// Requests of strangers that wait, in all and for one address.
const STRANGERS_WAITING: usize = 256;
const ADDRESS_WAITING: usize = 128;

/// Requests that are answered at once. The database has far fewer connections, and two cores are busy with a dozen;
/// what this bounds is memory.
const REQUESTS: Size = Size {
    places: 1_024,
    share: 256,
    key_share: 128,
};
/// The same for strangers, who may ask for little: the checkout and the pages are no GraphQL. Few at once keep the cores
/// busy, and each may make an answer of 8 MiB.
const STRANGERS_REQUESTS: Size = Size {
    places: 16,
    share: 8,
    key_share: 8,
};
/// Kibibytes of large bodies that are read or being answered at once.
const BODIES: Size = Size {
    places: 64 * 1_024,
    share: 16 * 1_024,
    key_share: 8 * 1_024,
};
/// The same for strangers.
const STRANGERS_BODIES: Size = Size {
    places: 8 * 1_024,
    share: 2 * 1_024,
    key_share: 2 * 1_024,
};
/// Kibibytes of large answers that are on their way at once. The largest answer has 8 MiB.
const ANSWERS: Size = Size {
    places: 64 * 1_024,
    share: 16 * 1_024,
    key_share: 16 * 1_024,
};
/// The same for strangers.
const STRANGERS_ANSWERS: Size = Size {
    places: 16 * 1_024,
    share: 8 * 1_024,
    key_share: 8 * 1_024,
};
/// WebSockets. Each may hold a message of a mebibyte that is not whole yet.
const SOCKETS: Size = Size {
    places: 2_048,
    share: 256,
    key_share: 128,
};
/// Subscriptions. Each looks at its balance once a second: two thousand took 0.2 to 0.4 of a core.
const SUBSCRIPTIONS: Size = Size {
    places: 2_048,
    share: 256,
    key_share: 128,
};
/// Strangers have neither.
const NONE: Size = Size {
    places: 0,
    share: 0,
    key_share: 0,
};

/// Bodies and answers up to this size take no share of bytes: what is answered at once bounds them well enough.
pub(crate) const SMALL_BYTES: usize = 16 * 1_024;

/// Everything that is shared. One for the process.
#[derive(Debug)]
pub(crate) struct Shares {
    requests: Rooms,
    bodies: Rooms,
    answers: Rooms,
    sockets: Rooms,
    subscriptions: Rooms,
    address_rates: Option<Buckets<Address>>,
    key_rates: Option<Buckets<ApiKeyId>>,
    account_rates: Option<Buckets<AccountId>>,
    platform_rates: Option<Buckets<Option<ApiKeyId>>>,
}

impl Shares {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            requests: Rooms::new(REQUESTS, STRANGERS_REQUESTS),
            bodies: Rooms::new(BODIES, STRANGERS_BODIES),
            answers: Rooms::new(ANSWERS, STRANGERS_ANSWERS),
            sockets: Rooms::new(SOCKETS, NONE),
            subscriptions: Rooms::new(SUBSCRIPTIONS, NONE),
            address_rates: rates.address.map(Buckets::new),
            key_rates: rates.key.map(Buckets::new),
            account_rates: rates.account.map(Buckets::new),
            platform_rates: rates.platform.map(Buckets::new),
        }
    }

    /// Pays for a request.
    pub(crate) fn pay(&self, asker: &Asker, cost: u32) -> Result<(), Denied> {
        fn spend<K: std::hash::Hash + Eq + Clone>(
            buckets: Option<&Buckets<K>>,
            owner: &K,
            cost: u32,
        ) -> Result<(), Denied> {
            buckets.map_or(Ok(()), |buckets| {
                buckets.spend(owner, cost).map_err(Denied::Rate)
            })
        }
        match asker.owner {
            Owner::Address(address) => spend(self.address_rates.as_ref(), &address, cost),
            Owner::Platform(key) => spend(self.platform_rates.as_ref(), &key, cost),
            Owner::Account(account) => {
                if let Some(key) = asker.key {
                    spend(self.key_rates.as_ref(), &key, cost)?;
                }
                spend(self.account_rates.as_ref(), &account, cost)
            }
            Owner::Proxies => Ok(()),
        }
    }

    /// A place among the requests that are answered at once, waited for.
    pub(crate) async fn request(&self, asker: &Asker) -> Result<Held, Denied> {
        self.requests.take(asker, 1).await
    }

    /// Room for a body of so many bytes; none is needed for a small one.
    pub(crate) async fn body(&self, asker: &Asker, bytes: usize) -> Result<Option<Held>, Denied> {
        Self::bytes(&self.bodies, asker, bytes).await
    }

    /// Room for an answer of so many bytes until it is sent; none is needed for a small one.
    pub(crate) async fn answer(&self, asker: &Asker, bytes: usize) -> Result<Option<Held>, Denied> {
        Self::bytes(&self.answers, asker, bytes).await
    }

    /// A place for a WebSocket, if there is one.
    pub(crate) fn socket(&self, asker: &Asker) -> Result<Held, Denied> {
        self.sockets.try_take(asker)
    }

    /// A place for a subscription, if there is one.
    pub(crate) fn subscription(&self, asker: &Asker) -> Result<Held, Denied> {
        self.subscriptions.try_take(asker)
    }

    async fn bytes(rooms: &Rooms, asker: &Asker, bytes: usize) -> Result<Option<Held>, Denied> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        rooms.take(asker, bytes.div_ceil(1_024)).await.map(Some)
    }
}

#[cfg(test)]
mod tests;
