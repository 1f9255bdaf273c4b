//! The credits that lists can spend, and the mutation that allocates credits to them.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::ListId;

use super::{
    balance::Balance,
    contact_list::ContactList,
    engine::{
        errors::ApiError,
        ids::{self, PublicId},
        request::{UserError, optional_id, payload, services, viewer_of},
    },
    scalars::Credits,
};
use crate::operations::allocation::{
    self, AllocateCredits, Allocated, AskedAllocation, ListAllocation,
};

/// The credits that a list can spend.
#[derive(Debug, Clone, SimpleObject)]
pub struct Allocation {
    /// An id by which caches recognize the list's allocation. `node` doesn't find it.
    id: ID,
    /// Which credits the list spends: shared ones or its own.
    mode: AllocationMode,
    /// The list's own credits that are free to spend; null if the list shares the unassigned
    /// credits.
    assigned: Option<Credits>,
    /// The credits that the list can spend now: its own if it is LIMITED, all unassigned credits if
    /// it is SHARED.
    available: Credits,
    /// The credits held for the list's scheduled messages.
    held: Credits,
}

impl Allocation {
    /// What a list can spend.
    pub(super) fn of(list: ListId, allocation: ListAllocation) -> Self {
        Self {
            id: ids::part("allocation", list.uuid()),
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

/// Which credits a list spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "allocation::AllocationMode")]
pub enum AllocationMode {
    /// The list spends the unassigned credits, together with every other shared list.
    Shared,
    /// The list spends only the credits assigned to it.
    Limited,
}

/// The credits to set for one list.
#[derive(Debug, InputObject)]
pub struct AllocationInput {
    /// The list. Each list may be named once.
    list_id: ID,
    /// Which credits the list is to spend.
    mode: AllocationMode,
    /// The credits that the list has free after the mutation, 0 or more, not counting what its
    /// scheduled messages hold. Required for LIMITED, left out for SHARED.
    assigned: Option<Credits>,
}

/// The lists whose credits are set, with their new amounts.
#[derive(Debug, InputObject)]
pub struct AllocateCreditsInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// 1 to 1,000 lists, each named once. Lists that are not named keep what they have.
    allocations: Vec<AllocationInput>,
}

/// The result of allocateCredits.
#[derive(Debug, SimpleObject)]
pub struct AllocateCreditsPayload {
    /// The lists after the mutation, in the order of the input; null if the mutation was refused.
    lists: Option<Vec<ContactList>>,
    /// The balance right after the mutation; null if the mutation was refused.
    balance: Option<Balance>,
    /// Why the mutation was refused; then no list was changed. Empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that allocates credits to lists.
#[derive(Debug, Default)]
pub struct AllocationMutation;

#[Object]
impl AllocationMutation {
    /// Sets the credits of the named lists, all of them or none. Credits move between the
    /// unassigned ones and the lists; repeating the mutation moves nothing. Requires
    /// PLATFORM_ADMIN, OWNER or MEMBER.
    async fn allocate_credits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The lists and the credits to set.")] input: AllocateCreditsInput,
    ) -> Result<AllocateCreditsPayload, ApiError> {
        let viewer = viewer_of(ctx, "allocateCredits")?;
        let services = services(ctx)?;
        let done = async {
            let asked = AllocateCredits {
                account: optional_id(input.account_id.as_ref()),
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
            balance: balance.map(Balance::now),
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
