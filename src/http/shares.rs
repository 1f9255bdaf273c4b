//! Concurrency and rate limits of each account, key and address.
//!
//! Here: the limited resources of GraphQL requests, separate for clients with a key and for
//! anonymous ones, so that the latter never use up what the former need. Not here: connections,
//! which `connections` shares; files, scans and imports, which have queues of their own; the queues
//! themselves ([`crate::fair`]).

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::id::{AccountId, ApiKeyId};
use metrics::Gauge;

pub use super::cost_buckets::{Costs, CostsByRole};
use super::{
    address::Address,
    cost_buckets::{CostBuckets, allowance},
    rates::{Buckets, Rate},
};
use crate::{
    fair::{Bounds, Full, Line, Place, Urgency},
    graphql::engine::{allowance::Allowance, measured},
    operations::Viewer,
    telemetry::metrics::{
        RUNNING_REQUESTS, Running, SOCKETS as SOCKETS_GAUGE, SUBSCRIPTIONS as SUBSCRIPTIONS_GAUGE,
    },
};

/// Whose share a resource is counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An account, whichever of its keys was shown.
    Account(AccountId),
    /// The platform: one of its keys, or `None` for the server's own administrator key.
    Platform(Option<ApiKeyId>),
    /// An address without a key.
    Address(Address),
    /// The connections of trusted proxies.
    Proxies,
}

/// The caller, as far as limits are concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    /// Whose share its requests are counted against.
    pub owner: Owner,
    /// The key that was shown, or the id of the subject of a token ([`Viewer::share`]).
    key: Option<ApiKeyId>,
}

impl Caller {
    pub(crate) fn new(viewer: Option<&Viewer>, address: Address) -> Self {
        let owner = match viewer {
            None => Owner::Address(address),
            Some(viewer) => viewer
                .account
                .map_or(Owner::Platform(viewer.share()), Owner::Account),
        };
        Self {
            owner,
            key: viewer.and_then(Viewer::share),
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.owner, Owner::Address(_))
    }
}

/// Why a resource is denied, and when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The caller has used up its share.
    Share,
    /// The caller has as many subscriptions as it may have.
    Subscriptions,
    /// The caller exceeded its rate, and may try again after this time.
    Rate(Duration),
    /// Other callers use the whole capacity.
    Full,
}

impl Denied {
    /// Counts it in metrics, when a caller is answered with it.
    pub(crate) fn count(&self) {
        measured::denied(match self {
            Self::Share | Self::Subscriptions => measured::SHARE,
            Self::Rate(_) => measured::RATE,
            Self::Full => measured::CAPACITY,
        });
    }

    /// When the caller may try again.
    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Rate(wait) => *wait,
            Self::Share | Self::Subscriptions | Self::Full => Duration::from_secs(1),
        }
    }

    /// The message for the client.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Share => "This account, key or address has reached its limit of concurrent requests; wait for a response before you send more.".to_owned(),
            Self::Subscriptions => "This account or key has as many subscriptions as it may have; end one before you start another.".to_owned(),
            Self::Rate(wait) => format!(
                "This account, key or address has exceeded its rate limit; try again in {} s.",
                super::rates::retry_after_seconds(*wait)
            ),
            Self::Full => "The server is at capacity; try again in a second.".to_owned(),
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

/// Rate limits; `None` means no limit. A request costs 1, and more the larger it is.
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
    /// What operations may weigh.
    pub costs: Costs,
}

/// One limited resource, separate for clients with a key and for anonymous ones.
#[derive(Debug)]
struct Rooms {
    known: Line<Owner>,
    anonymous: Line<Owner>,
    /// What one key may use of its account's share.
    keys: Line<ApiKeyId>,
}

/// A part of a resource, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _own: Option<Place<ApiKeyId>>,
    _one: Place<Owner>,
    /// Counted in metrics while it is held.
    _running: Option<Running>,
}

impl Held {
    fn counted(mut self, gauge: &Gauge) -> Self {
        self._running = Some(Running::one(gauge));
        self
    }
}

/// The gauges of what is held.
#[derive(Debug)]
struct Gauges {
    requests: Gauge,
    sockets: Gauge,
    subscriptions: Gauge,
}

static GAUGES: LazyLock<Gauges> = LazyLock::new(|| Gauges {
    requests: RUNNING_REQUESTS.gauge(&[]),
    sockets: SOCKETS_GAUGE.gauge(&[]),
    subscriptions: SUBSCRIPTIONS_GAUGE.gauge(&[]),
});

/// The capacity of a resource, in total and for one owner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) places: usize,
    share: usize,
    key_share: usize,
}

impl Size {
    /// The same shares of another number of places.
    fn scaled(self, places: usize) -> Self {
        let part = |share: usize| {
            let part = share.saturating_mul(places).checked_div(self.places);
            part.unwrap_or_default().max(1)
        };
        Self {
            places,
            share: part(self.share),
            key_share: part(self.key_share),
        }
    }
}

impl Rooms {
    fn new(known: Size, anonymous: Size) -> Self {
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
            anonymous: Line::new(line(&anonymous, ANONYMOUS_WAITING, ADDRESS_WAITING)),
        }
    }

    async fn take(&self, caller: &Caller, weight: usize) -> Result<Held, Denied> {
        if caller.is_anonymous() {
            let one = self
                .anonymous
                .take_many(caller.owner, weight, Urgency::Ordinary);
            return Ok(Held {
                _own: None,
                _one: one.await?,
                _running: None,
            });
        }
        let own = match caller.key {
            None => None,
            Some(key) => Some(self.keys.take_many(key, weight, Urgency::Ordinary).await?),
        };
        let one = self
            .known
            .take_many(caller.owner, weight, Urgency::Ordinary);
        Ok(Held {
            _own: own,
            _one: one.await?,
            _running: None,
        })
    }

    fn try_take(&self, caller: &Caller) -> Result<Held, Denied> {
        if caller.is_anonymous() {
            return Ok(Held {
                _own: None,
                _one: self.anonymous.try_take(caller.owner)?,
                _running: None,
            });
        }
        let own = caller.key.map(|key| self.keys.try_take(key)).transpose()?;
        Ok(Held {
            _own: own,
            _one: self.known.try_take(caller.owner)?,
            _running: None,
        })
    }
}

/// How long a request waits for its share: well below clients' timeouts.
const PATIENCE: Duration = Duration::from_secs(5);
/// Queued requests with a key: in total, for one account and for one key. A queued request keeps
/// its body and its connection and nothing else.
const MAX_WAITING: usize = 2_048;
const OWNER_WAITING: usize = 1_024;
// A sending service that sends five hundred at once has to wait, but is not refused.
const KEY_WAITING: usize = 512;
/// Queued anonymous requests: in total and for one address.
const ANONYMOUS_WAITING: usize = 256;
const ADDRESS_WAITING: usize = 128;

/// Requests that run at once, unless the operator sets another number. The database has far fewer
/// connections, and a dozen keep two cores busy; this bounds memory.
pub(super) const REQUESTS: Size = Size {
    places: 1_024,
    share: 256,
    key_share: 128,
};
/// The same for anonymous clients, who need little: checkout and pages are not GraphQL. A few at
/// once keep the cores busy, and each may produce a response of 8 MiB.
const ANONYMOUS_REQUESTS: Size = Size {
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
/// The same for anonymous clients.
const ANONYMOUS_BODIES: Size = Size {
    places: 8 * 1_024,
    share: 2 * 1_024,
    key_share: 2 * 1_024,
};
/// Kibibytes of large responses that are being sent at once. The largest response has 8 MiB.
const ANSWERS: Size = Size {
    places: 64 * 1_024,
    share: 16 * 1_024,
    key_share: 16 * 1_024,
};
/// The same for anonymous clients.
const ANONYMOUS_ANSWERS: Size = Size {
    places: 16 * 1_024,
    share: 8 * 1_024,
    key_share: 8 * 1_024,
};
/// WebSockets. Each may hold an incomplete message of a mebibyte.
const SOCKETS: Size = Size {
    places: 2_048,
    share: 256,
    key_share: 128,
};
/// Subscriptions. Where hints of changes don't arrive, each checks its balance once a second: two
/// thousand took 0.2 to 0.4 of a core.
const SUBSCRIPTIONS: Size = Size {
    places: 2_048,
    share: 256,
    key_share: 128,
};
/// Anonymous clients have neither.
const NONE: Size = Size {
    places: 0,
    share: 0,
    key_share: 0,
};

/// Bodies and responses up to this size are not counted in bytes: the number of running requests
/// bounds them well enough.
pub(crate) const SMALL_BYTES: usize = 16 * 1_024;

/// Every shared resource. One per process.
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
    costs: Costs,
    address_costs: Arc<CostBuckets<Address>>,
    key_costs: Arc<CostBuckets<Option<ApiKeyId>>>,
}

impl Shares {
    /// Everything for a server that runs this many requests with a key at once.
    pub(crate) fn new(rates: Rates, at_once: usize) -> Self {
        LazyLock::force(&GAUGES);
        Self {
            requests: Rooms::new(REQUESTS.scaled(at_once), ANONYMOUS_REQUESTS),
            bodies: Rooms::new(BODIES, ANONYMOUS_BODIES),
            answers: Rooms::new(ANSWERS, ANONYMOUS_ANSWERS),
            sockets: Rooms::new(SOCKETS, NONE),
            subscriptions: Rooms::new(SUBSCRIPTIONS, NONE),
            address_rates: rates.address.map(Buckets::new),
            key_rates: rates.key.map(Buckets::new),
            account_rates: rates.account.map(Buckets::new),
            platform_rates: rates.platform.map(Buckets::new),
            costs: rates.costs,
            address_costs: Arc::new(CostBuckets::new()),
            key_costs: Arc::new(CostBuckets::new()),
        }
    }

    /// Charges a request to the caller's rate.
    pub(crate) fn pay(&self, caller: &Caller, cost: u32) -> Result<(), Denied> {
        fn spend<K: std::hash::Hash + Eq + Clone>(
            buckets: Option<&Buckets<K>>,
            owner: &K,
            cost: u32,
        ) -> Result<(), Denied> {
            buckets.map_or(Ok(()), |buckets| {
                buckets.spend(owner, cost).map_err(Denied::Rate)
            })
        }
        match caller.owner {
            Owner::Address(address) => spend(self.address_rates.as_ref(), &address, cost),
            Owner::Platform(key) => spend(self.platform_rates.as_ref(), &key, cost),
            Owner::Account(account) => {
                if let Some(key) = caller.key {
                    spend(self.key_rates.as_ref(), &key, cost)?;
                }
                spend(self.account_rates.as_ref(), &account, cost)
            }
            Owner::Proxies => Ok(()),
        }
    }

    /// The bucket that the caller's operations are paid from; `None` if it has no limit.
    pub(crate) fn allowance(&self, caller: &Caller, viewer: Option<&Viewer>) -> Option<Allowance> {
        match (caller.owner, viewer) {
            (Owner::Proxies, _) => None,
            (Owner::Address(address), _) => {
                let rate = self.costs.address?;
                Some(allowance(&self.address_costs, address, rate))
            }
            (Owner::Account(_) | Owner::Platform(_), viewer) => {
                let viewer = viewer?;
                let rate = self.costs.keys.rate(viewer.role)?;
                Some(allowance(&self.key_costs, viewer.share(), rate))
            }
        }
    }

    /// A place among the running requests, waiting if necessary.
    pub(crate) async fn request(&self, caller: &Caller) -> Result<Held, Denied> {
        let held = self.requests.take(caller, 1).await?;
        Ok(held.counted(&GAUGES.requests))
    }

    /// Room for a body of this size; small ones need none.
    pub(crate) async fn body(&self, caller: &Caller, bytes: usize) -> Result<Option<Held>, Denied> {
        Self::bytes(&self.bodies, caller, bytes).await
    }

    /// Room for a response of this size until it is sent; small ones need none.
    pub(crate) async fn answer(
        &self,
        caller: &Caller,
        bytes: usize,
    ) -> Result<Option<Held>, Denied> {
        Self::bytes(&self.answers, caller, bytes).await
    }

    /// A place for a WebSocket, without waiting.
    pub(crate) fn socket(&self, caller: &Caller) -> Result<Held, Denied> {
        let held = self.sockets.try_take(caller)?;
        Ok(held.counted(&GAUGES.sockets))
    }

    /// A place for a subscription, without waiting.
    pub(crate) fn subscription(&self, caller: &Caller) -> Result<Held, Denied> {
        let held = self.subscriptions.try_take(caller);
        let held = held.map_err(|denied| match denied {
            Denied::Share => Denied::Subscriptions,
            other => other,
        })?;
        Ok(held.counted(&GAUGES.subscriptions))
    }

    async fn bytes(rooms: &Rooms, caller: &Caller, bytes: usize) -> Result<Option<Held>, Denied> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        rooms.take(caller, bytes.div_ceil(1_024)).await.map(Some)
    }
}

#[cfg(test)]
mod tests;
