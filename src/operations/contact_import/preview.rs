//! Previews: how a file would be read, before anything is imported. Nothing of the file is stored.

use std::{fs::File, time::Duration};

use super::refusal;
use crate::{
    fair::Bounds,
    imports::{self, Preview, Unreadable},
    localization::Text,
    operations::{OperationError, Path, Services, Viewer},
};

/// Previews have slots of their own, so that nobody who prepares an import waits behind imports
/// that take minutes. A preview takes a thread and reads the beginning of a file that is on disk
/// already; requests with files are bounded before they get here. One account can use one of the
/// two slots.
pub(super) const BOUNDS: Bounds = Bounds {
    places: 2,
    reserved: 0,
    share: 1,
    waiting: 16,
    waiting_share: 4,
    patience: Duration::from_secs(5),
};

impl Services {
    /// Reads the beginning of a file of contacts the way an import without a mapping would.
    ///
    /// # Errors
    /// `Invalid` at the file if it can't be read; `RateLimited` if too many previews are running.
    pub async fn preview_contact_import(
        &self,
        viewer: &Viewer,
        mut file: File,
    ) -> Result<Preview, OperationError> {
        if self.stop().is_cancelled() {
            return Err(OperationError::Unavailable);
        }
        let place = self.imports().previews.take(viewer.reads_as()).await;
        let place = place.map_err(|_| OperationError::RateLimited)?;
        let read = tokio::task::spawn_blocking(move || {
            // Held by the thread, which reads on if its caller has left.
            let _place = place;
            let format = imports::format(&mut file)?;
            imports::preview(file, format)
        });
        let path = Path::argument("file");
        match read.await {
            Ok(read) => read.map_err(|error| refusal(error, &path)),
            Err(cause) => {
                tracing::error!(%cause, "previewing a file of contacts panicked");
                Err(path
                    .invalid(Text::written(&Unreadable::Damaged.to_string()))
                    .into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::id::AccountId;
    use uuid::Uuid;

    use super::BOUNDS;
    use crate::{
        fair::{Full, Line},
        store::sql::reader::Owner,
    };

    #[test]
    fn one_account_cannot_take_every_preview_slot() {
        let line = Line::new(BOUNDS);
        let account = |id| Owner::Account(AccountId::new(Uuid::from_u128(id)));
        let held = line.try_take(account(1)).unwrap();
        assert_eq!(line.try_take(account(1)).unwrap_err(), Full::Owner);
        let _other = line.try_take(account(2)).unwrap();
        assert_eq!(line.try_take(account(3)).unwrap_err(), Full::All);
        drop(held);
        let _third = line.try_take(account(3)).unwrap();
    }
}
