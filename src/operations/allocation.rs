//! Allocating an account's credits to its lists, and reading what each list can spend.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    book::{self, Book, Fault},
    credits::Credits,
    id::{AccountId, ListId},
};
use entity::contact_list;
use sea_orm::DbErr;

use super::{
    OperationError, Path, Refusal, RefusalCode, Services, Viewer, balance::BalanceAt, input,
    reader::Owned, together::Together,
};
use crate::{
    ledger::{Refused, Request, RequestKind, SubmitError},
    store::{self, book::Wanted},
};

/// The most lists in one call: as many as on one page of lists.
pub const MAX_ALLOCATIONS: usize = 1_000;

/// Whose credits a list spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllocationMode {
    /// The unassigned credits of the account.
    Shared,
    /// Only credits assigned to the list.
    Limited,
}

/// What a list can spend, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListAllocation {
    /// Credits that are assigned to the list and free; `None` for a SHARED list.
    pub assigned: Option<Credits>,
    /// What the list can spend now.
    pub available: Credits,
    /// Credits held by the list's scheduled messages, whichever pool they came from.
    pub held: Credits,
}

impl ListAllocation {
    /// The allocation of an archived list, which can spend nothing and has nothing assigned.
    pub const ARCHIVED: Self = Self {
        assigned: None,
        available: Credits::ZERO,
        held: Credits::ZERO,
    };
}

/// The allocation requested for one list.
#[derive(Debug)]
pub struct AskedAllocation {
    /// The list; `None` if the given id is malformed.
    pub list: Option<ListId>,
    /// Whose credits the list is to spend.
    pub mode: AllocationMode,
    /// The credits that a LIMITED list is to have free.
    pub assigned: Option<String>,
}

/// The input of `allocateCredits`.
#[derive(Debug)]
pub struct AllocateCredits {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The allocations, each list at most once.
    pub allocations: Vec<AskedAllocation>,
}

/// The result of an allocation.
#[derive(Debug)]
pub struct Allocated {
    /// The lists, in the order of the request.
    pub lists: Vec<contact_list::Model>,
    /// The balance after the allocation.
    pub balance: BalanceAt,
}

impl Services {
    /// What several lists can spend and hold, from one snapshot of the books. Credits of lots that
    /// have expired are left out, even if the expiry is not booked yet (law L2).
    pub(super) async fn allocations(
        &self,
        lists: &BTreeMap<AccountId, BTreeSet<ListId>>,
    ) -> Result<HashMap<ListId, ListAllocation>, DbErr> {
        let now = self.clock().now();
        let wanted = lists
            .iter()
            .map(|(account, lists)| {
                let wanted = Wanted {
                    lists: lists.clone(),
                    ..Wanted::default()
                };
                (*account, wanted)
            })
            .collect();
        let snapshot = self.store().snapshot().await?;
        // If lots have expired, this loads every pool, which booking the expiry takes.
        let heads = store::book::load(&snapshot, &wanted, now).await?;
        let all = || lists.values().flatten().copied();
        let held = store::allocation::held(&snapshot, lists.keys().copied(), all()).await?;
        snapshot.end().await?;

        let held: HashMap<ListId, Credits> = held.into_iter().collect();
        let mut found = HashMap::new();
        for (account, mut head) in heads {
            head.book.expire(now).map_err(unsound)?;
            for list in lists.get(&account).into_iter().flatten() {
                let held = held.get(list).copied().unwrap_or_default();
                let allocation = allocation(&head.book, *list, held).map_err(unsound)?;
                found.insert(*list, allocation);
            }
        }
        Ok(found)
    }

    /// Sets the credits of all named lists or of none (law P2).
    ///
    /// # Errors
    /// Unknown, repeated or invalid entries, each by the position of its list; too few credits.
    pub async fn allocate_credits(
        &self,
        viewer: &Viewer,
        asked: AllocateCredits,
    ) -> Result<Allocated, OperationError> {
        let path = Path::input("allocations");
        let account = self
            .account_for(viewer, asked.account, &Path::input("accountId"))
            .await;
        let allocations = if (1..=MAX_ALLOCATIONS).contains(&asked.allocations.len()) {
            let rows = match &account {
                Ok(account) => {
                    let account = AccountId::new(account.id);
                    Some(self.open_lists(account, &asked.allocations).await?)
                }
                Err(_) => None,
            };
            read(&asked.allocations, rows.as_ref(), &path)
        } else {
            let text = text!("Must be 1 to {limit} lists.", limit = MAX_ALLOCATIONS);
            Err(path.invalid(text).into())
        };
        let (account, (lists, allocations)) = (account, allocations).together()?;
        refuse_beyond_any_account(&allocations, &path)?;
        let account = AccountId::new(account.id);
        let request = Request {
            account,
            actor: viewer.actor(),
            kind: RequestKind::Allocate {
                allocations: allocations.clone(),
            },
            key: None,
            at: None,
        };
        let answer = self.ledger().submit(request).await.map_err(|error| {
            // A list may have been archived since it was read.
            let mut gone = None;
            if let SubmitError::Refused(Refused::UnknownList(list)) = &error {
                gone = allocations.iter().position(|one| one.list == *list);
            }
            match gone {
                Some(index) => path.at(index).at("listId").not_found(text!("list")).into(),
                None => OperationError::from_ledger(error, &path),
            }
        })?;
        Ok(Allocated {
            lists,
            balance: self.balance_after_command(account, &answer).await?,
        })
    }

    /// The named lists, if each belongs to the account and isn't archived.
    async fn open_lists(
        &self,
        account: AccountId,
        asked: &[AskedAllocation],
    ) -> Result<HashMap<ListId, contact_list::Model>, OperationError> {
        let ids = asked.iter().filter_map(|one| one.list);
        let rows = store::contact_list::find_all(self.store().reader(), ids).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.belongs_to(account) && row.archived_at.is_none())
            .map(|row| (ListId::new(row.id), row))
            .collect())
    }
}

fn unsound(fault: Fault) -> DbErr {
    DbErr::Type(fault.to_string())
}

fn allocation(book: &Book, list: ListId, held: Credits) -> Result<ListAllocation, Fault> {
    let pool = book.pools.of(Some(list));
    let available = book.pools.free(pool)?;
    Ok(ListAllocation {
        assigned: pool.list().map(|_| available),
        available,
        held,
    })
}

/// The lists and their allocations in the order of the request, or everything that is wrong with
/// them. Without the account's lists, no allocation is returned.
fn read(
    asked: &[AskedAllocation],
    rows: Option<&HashMap<ListId, contact_list::Model>>,
    path: &Path,
) -> Result<(Vec<contact_list::Model>, Vec<book::Allocation>), OperationError> {
    let (mut lists, mut allocations) = (Vec::new(), Vec::new());
    let (mut refusals, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, one) in asked.iter().enumerate() {
        let at = path.at(index);
        let known = one
            .list
            .filter(|list| rows.is_none_or(|rows| rows.contains_key(list)));
        match known {
            None => refusals.push(at.at("listId").not_found(text!("list"))),
            Some(list) if !seen.insert(list) => {
                refusals.push(at.invalid(text!("Must name each list once.")));
            }
            Some(_) => {}
        }
        match (limit(one, &at.at("assigned")), known) {
            (Ok(limit), Some(list)) => {
                lists.extend(rows.and_then(|rows| rows.get(&list)).cloned());
                allocations.push(book::Allocation { list, limit });
            }
            (Ok(_), None) => {}
            (Err(refusal), _) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() {
        Ok((lists, allocations))
    } else {
        Err(OperationError::Refused(refusals))
    }
}

fn limit(asked: &AskedAllocation, path: &Path) -> Result<Option<Credits>, Refusal> {
    match (asked.mode, &asked.assigned) {
        (AllocationMode::Shared, None) => Ok(None),
        (AllocationMode::Shared, Some(_)) => {
            Err(path.invalid(text!("Must be left out for a list that shares.")))
        }
        (AllocationMode::Limited, None) => Err(path.invalid(text!(
            "Is required for a LIMITED list: the credits that it has free, \"0\" or more."
        ))),
        (AllocationMode::Limited, Some(text)) => input::credits(text, path).map(Some),
    }
}

/// Refuses a sum that no account can have. The sum of 1,000 maximal amounts overflows the book's
/// integers.
fn refuse_beyond_any_account(allocations: &[book::Allocation], path: &Path) -> Result<(), Refusal> {
    let mut sum = Credits::ZERO;
    for limit in allocations.iter().filter_map(|one| one.limit) {
        sum = sum
            .checked_add(limit)
            .filter(|sum| *sum <= Book::MAX_TOTAL)
            .ok_or_else(|| {
                path.refuse(
                    RefusalCode::InsufficientCredits,
                    text!(
                        "More than {limit} credits are needed, which no account has.",
                        limit = Book::MAX_TOTAL
                    ),
                )
            })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_ALLOCATIONS, refuse_beyond_any_account};
    use crate::operations::{Path, RefusalCode};
    use domain::{
        book::{Allocation, Book},
        credits::Credits,
        id::ListId,
    };
    use uuid::Uuid;

    #[test]
    fn a_sum_that_no_account_can_have_is_refused() {
        let check = |count: usize, limit: Credits, fits: bool| {
            let one = Allocation {
                list: ListId::new(Uuid::nil()),
                limit: Some(limit),
            };
            let refused = refuse_beyond_any_account(&vec![one; count], &Path::input("allocations"));
            let code = refused.err().map(|refusal| refusal.code);
            let expected = (!fits).then_some(RefusalCode::InsufficientCredits);
            assert_eq!(code, expected, "{count} times {limit}");
        };
        check(MAX_ALLOCATIONS, Credits::whole(1), true);
        check(1, Book::MAX_TOTAL, true);
        check(100, Credits::MAX_INPUT, true);
        check(101, Credits::MAX_INPUT, false);
        // Unchecked, the sum of these wraps to a negative number.
        check(MAX_ALLOCATIONS, Credits::MAX_INPUT, false);
    }
}
