//! Changes of settings that the ledger makes, as a batch records them (law B7).

use super::Rows;
use crate::{
    ledger::{fault::Fault, request::Given},
    store::setting_change::Changed,
};

impl Rows {
    /// Records a change of settings with who makes it.
    pub(in crate::ledger) fn add_setting_change(
        &mut self,
        changed: Changed,
        given: Given<'_>,
    ) -> Result<(), Fault> {
        let row = changed.row(given.by, given.at);
        let row = row.map_err(|cause| Fault::UnsoundChange(cause.to_string()))?;
        if let Some(row) = row {
            let key = (row.account_id, row.actor_id);
            let by = &given.by.row;
            self.actors.entry(key).or_insert_with(|| by.clone());
            self.setting_changes.push(row);
        }
        Ok(())
    }
}
