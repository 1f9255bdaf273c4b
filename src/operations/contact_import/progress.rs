//! Telling how far a list's imports are, as they go on.

use std::time::Duration;

use domain::id::{AccountId, ListId};
use entity::contact_import;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    operations::{OperationError, Path, Services, Viewer},
    store,
};

/// How many of a list's imports are looked at for changes; more never run at once.
const WATCHED: u64 = 16;
/// How often a list's imports are looked at although nothing was told: another process may be reading.
const LOOK: Duration = Duration::from_secs(1);

impl Services {
    /// A list's latest import as it stands, and every import of the list again after each of its parts.
    ///
    /// # Errors
    /// A refusal that names the list.
    pub async fn import_progress(
        &self,
        viewer: &Viewer,
        list: ListId,
    ) -> Result<
        impl Stream<Item = Result<contact_import::Model, OperationError>> + use<>,
        OperationError,
    > {
        let row = self
            .open_list(viewer, list, &Path::argument("listId"))
            .await?;
        let watching = Watching {
            services: self.clone(),
            list: (AccountId::new(row.account_id), list),
            // Before the first look, so that nothing falls between.
            changes: self.imports().changes.subscribe(),
            told: None,
            waiting: Vec::new(),
        };
        Ok(stream::unfold(Some(watching), |watching| async {
            let mut watching = watching?;
            match watching.next().await {
                Ok(import) => Some((Ok(import), Some(watching))),
                // The subscription ends with its first error.
                Err(error) => Some((Err(error), None)),
            }
        })
        .fuse())
    }
}

struct Watching {
    services: Services,
    list: (AccountId, ListId),
    changes: Receiver<ListId>,
    /// The imports as they were told last; `None` before the first look.
    told: Option<Vec<contact_import::Model>>,
    /// What is still to be told of the last look.
    waiting: Vec<contact_import::Model>,
}

impl Watching {
    async fn next(&mut self) -> Result<contact_import::Model, OperationError> {
        loop {
            if let Some(import) = self.waiting.pop() {
                return Ok(import);
            }
            if self.told.is_some() {
                self.wait().await;
            }
            let reader = self.services.store.reader();
            let rows = store::contact_import::latest(reader, self.list, WATCHED).await?;
            let now: Vec<_> = rows
                .into_iter()
                .map(|row| self.services.import_as_of_now(row))
                .collect();
            self.waiting = match &self.told {
                None => now.iter().take(1).cloned().collect(),
                // The oldest is told first: it is popped from the end.
                Some(told) => now
                    .iter()
                    .filter(|row| !told.contains(row))
                    .cloned()
                    .collect(),
            };
            self.told = Some(now);
        }
    }

    /// Until one of the list's imports may have changed.
    async fn wait(&mut self) {
        let told = async {
            loop {
                match self.changes.recv().await {
                    Ok(list) if list != self.list.1 => {}
                    // Told, or so many were told that this list may have been among them.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // A look that comes of time rather than of a change is no failure.
        drop(tokio::time::timeout(LOOK, told).await);
    }
}
