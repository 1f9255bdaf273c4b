//! Showing how a file would be read, before anything of it is imported. Nothing of it is kept.

use std::{fs::File, time::Duration};

use super::refusal;
use crate::{
    fair::Bounds,
    imports::{self, Preview, Unreadable},
    operations::{OperationError, Path, Services, Viewer},
};

/// Previews have places of their own, so that nobody who is about to import waits for imports that take minutes. Each
/// has a thread and reads the beginning of a file that is on disk already; requests with files are bounded before. An
/// account has one of the two.
pub(super) const BOUNDS: Bounds = Bounds {
    places: 2,
    reserved: 0,
    share: 1,
    waiting: 16,
    waiting_share: 4,
    patience: Duration::from_secs(5),
};

impl Services {
    /// Reads the beginning of a file of contacts, as an import without a mapping would understand it.
    ///
    /// # Errors
    /// A refusal that names the file, if it can't be read; that too many are looked at; and a fault.
    pub async fn preview_contact_import(
        &self,
        viewer: &Viewer,
        mut file: File,
    ) -> Result<Preview, OperationError> {
        if self.stop.is_cancelled() {
            return Err(OperationError::Unavailable);
        }
        let place = self.imports().previews.take(viewer.reads_as()).await;
        let place = place.map_err(|_| OperationError::RateLimited)?;
        let read = tokio::task::spawn_blocking(move || {
            // Held by the thread: it reads on when its caller has left.
            let _place = place;
            let format = imports::format(&mut file)?;
            imports::preview(file, format)
        });
        let path = Path::argument("file");
        match read.await {
            Ok(read) => read.map_err(|error| refusal(error, &path)),
            Err(cause) => {
                tracing::error!(%cause, "looking at a file of contacts crashed");
                Err(path.invalid(Unreadable::Damaged.to_string()).into())
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
    fn one_accounts_previews_keep_no_place_from_others() {
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
