//! What lists can spend, and the mutation that shares credits out among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ListId};

use super::{
    balance::Balance,
    contact_list::ContactList,
    errors::ApiError,
    ids::PublicId,
    loaders::{LoadError, Loader, Rows},
    request::{UserError, optional_id, payload, services, viewer_of},
    scalars::Credits,
};
use crate::operations::{
    Path,
    allocation::{self, AllocateCredits, Allocated, AskedAllocation, ListAllocation},
};

/// What a list can spend.
#[derive(Debug, Clone, SimpleObject)]
pub struct Allocation {
    /// Whose credits it spends.
    mode: AllocationMode,
    /// What is set aside for this list and still free; null where it shares.
    assigned: Option<Credits>,
    /// What the list can spend now: its own credits where it is limited, all unassigned ones where it
    /// shares.
    available: Credits,
    /// What this list's scheduled messages hold.
    held: Credits,
}

impl From<ListAllocation> for Allocation {
    fn from(allocation: ListAllocation) -> Self {
        Self {
            mode: match allocation.assigned {
                Some(_) => AllocationMode::Limited,
                None => AllocationMode::Shared,
            },
            assigned: allocation.assigned.map(Into::into),
            available: allocation.available.into(),
            held: allocation.held.into(),
        }
    }
}

/// Whose credits a list spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "allocation::AllocationMode")]
pub enum AllocationMode {
    /// It draws on the unassigned credits, as every other list without a limit.
    Shared,
    /// It draws on its own assigned credits only.
    Limited,
}

/// Asks for a list's allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AllocationOf {
    pub(super) account: AccountId,
    pub(super) list: ListId,
}

impl Loader<AllocationOf> for Rows {
    type Value = ListAllocation;

    async fn load(
        &self,
        keys: &[AllocationOf],
    ) -> Result<HashMap<AllocationOf, ListAllocation>, LoadError> {
        let mut lists: BTreeMap<AccountId, BTreeSet<ListId>> = BTreeMap::new();
        for key in keys.iter().filter(|key| self.viewer.sees(key.account)) {
            lists.entry(key.account).or_default().insert(key.list);
        }
        let found = self.services.allocations(&lists).await?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((*key, *found.get(&key.list)?)))
            .collect())
    }
}

/// What one list shall have.
#[derive(Debug, InputObject)]
pub struct AllocationInput {
    /// Which list. Each is named once.
    list_id: ID,
    /// Whose credits it shall spend.
    mode: AllocationMode,
    /// What the list shall have free after the call, zero included; left out for SHARED. What its
    /// scheduled messages hold is not part of it.
    assigned: Option<Credits>,
}

/// Lists with what they shall have.
#[derive(Debug, InputObject)]
pub struct AllocateCreditsInput {
    /// Whose; the viewer's own account where left out.
    account_id: Option<ID>,
    /// 1 to 1000 lists. Lists that are not named keep what they have.
    allocations: Vec<AllocationInput>,
}

/// What allocateCredits answers.
#[derive(Debug, SimpleObject)]
pub struct AllocateCreditsPayload {
    /// The lists as they are now, in the order that was asked; null where it was refused.
    lists: Option<Vec<ContactList>>,
    /// The balance after it; null where it was refused.
    balance: Option<Balance>,
    /// Why it was refused, and then no list was changed; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that shares credits out.
#[derive(Debug, Default)]
pub struct AllocationMutation;

#[Object]
impl AllocationMutation {
    /// Sets what the named lists may spend, all of them or none of them. Credits move between the
    /// unassigned ones and the lists; saying the same again moves nothing.
    async fn allocate_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The lists and what they shall have.")] input: AllocateCreditsInput,
    ) -> Result<AllocateCreditsPayload, ApiError> {
        let viewer = viewer_of(ctx, "allocateCredits")?;
        let services = services(ctx)?;
        let done = async {
            let path = Path::input("accountId");
            let asked = AllocateCredits {
                account: optional_id(input.account_id.as_ref(), &path, "account")?,
                allocations: input.allocations.into_iter().map(asked).collect(),
            };
            services.allocate_credits(&viewer, asked).await
        };
        let (done, user_errors) = payload(done.await)?;
        let (lists, balance) = done
            .map(|Allocated { lists, balance }| (lists, balance))
            .unzip();
        Ok(AllocateCreditsPayload {
            lists: lists.map(|rows| rows.into_iter().map(ContactList).collect()),
            balance: balance.map(Balance),
            user_errors,
        })
    }
}

fn asked(input: AllocationInput) -> AskedAllocation {
    AskedAllocation {
        list: ListId::decode(&input.list_id),
        mode: input.mode.into(),
        assigned: input.assigned.map(|credits| credits.0),
    }
}
