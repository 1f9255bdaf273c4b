//! The order in which the platform shows its packages.
//!
//! Not here: reading packages in that order ([`crate::store::credit_package`]).

use std::collections::{HashMap, HashSet};

use domain::id::PackageId;
use entity::credit_package;

use super::changed;
use crate::{
    operations::{OperationError, Path, Refusal, Services, input::names_nothing, together::all},
    store::{
        self,
        actor::Actor,
        setting_change::{self, Fields},
    },
};

/// The most packages that one reordering can name.
pub const MAX_ORDERED: usize = 1_000;

impl Services {
    /// Gives packages another order: those named take each other's places, in the order in which
    /// they are named, and all others keep theirs. Concurrent reorderings run one after the other.
    /// Returns the packages that moved, in their new order.
    ///
    /// # Errors
    /// No package, too many, one that is named again, and an unknown one, each at its field.
    pub async fn reorder_credit_packages(
        &self,
        by: &Actor,
        named: &[PackageId],
    ) -> Result<Vec<credit_package::Model>, OperationError> {
        let path = Path::input("packageIds");
        check(named, &path)?;
        let transaction = self.store().begin().await?;
        let before = store::credit_package::all_locked(&transaction).await?;
        let by_id: HashMap<_, _> = before.iter().map(|row| (row.id, row)).collect();
        let found = named.iter().enumerate().map(|(index, id)| {
            let row = by_id.get(&id.uuid()).copied();
            row.ok_or_else(|| path.at(index).not_found(text!("package")))
        });
        let next = all(found)?;
        let is_named: HashSet<_> = named.iter().map(|id| id.uuid()).collect();
        let mut next = next.into_iter();
        let mut after = Vec::with_capacity(before.len());
        let places: HashMap<_, _> = before.iter().map(|row| row.id).zip(1_u64..).collect();
        let (mut moved, mut changes) = (Vec::new(), Vec::new());
        for (row, place) in before.iter().zip(1_u64..) {
            let here = match is_named.contains(&row.id) {
                true => next.next().unwrap_or(row),
                false => row,
            };
            if here.id != row.id {
                let fields = Fields::default();
                let fields = fields.set("position", places.get(&here.id).copied(), place);
                changes.push(changed(here, fields));
                moved.push(here.clone());
            }
            after.push(here.clone());
        }
        store::credit_package::order(&transaction, &after).await?;
        let now = self.clock().now();
        let ids = moved.iter().map(|row| PackageId::new(row.id));
        let touched = store::credit_package::touch(&transaction, ids, now).await?;
        let mut touched: HashMap<_, _> = touched.into_iter().map(|row| (row.id, row)).collect();
        let moved = moved.into_iter();
        let moved = moved.map(|row| touched.remove(&row.id).unwrap_or(row));
        let moved = moved.collect();
        setting_change::insert(&transaction, (by, now), changes).await?;
        transaction.commit().await?;
        Ok(moved)
    }
}

fn check(named: &[PackageId], path: &Path) -> Result<(), Refusal> {
    if !(1..=MAX_ORDERED).contains(&named.len()) {
        return Err(path.invalid(text!("Must be 1 to {limit} packages.", limit = MAX_ORDERED)));
    }
    let mut seen = HashSet::new();
    let is_repeated = |id: &PackageId| !names_nothing(*id) && !seen.insert(*id);
    match named.iter().position(is_repeated) {
        Some(index) => Err(path
            .at(index)
            .invalid(text!("Must name each package once."))),
        None => Ok(()),
    }
}
