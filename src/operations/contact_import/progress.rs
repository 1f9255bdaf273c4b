//! The subscription to the progress of a list's imports.

use domain::id::{AccountId, ListId};
use entity::contact_import;
use futures_util::{Stream, StreamExt, stream};

use crate::{
    operations::{
        OperationError, Path, Services, Viewer,
        changes::{Topic, Watch},
    },
    store,
};

/// How many of a list's imports are watched for changes; more never run at once.
const WATCHED: u64 = 16;

impl Services {
    /// The latest import of a list now, and every import of the list again after each of its parts.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the list.
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
            // Waits from before the first read on, so that no change is missed in between.
            watch: self.watch(Topic::Imports(list)),
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
    watch: Watch,
    /// The imports as last reported; `None` before the first read.
    told: Option<Vec<contact_import::Model>>,
    /// Changes of the last read that are still to be reported.
    waiting: Vec<contact_import::Model>,
}

impl Watching {
    async fn next(&mut self) -> Result<contact_import::Model, OperationError> {
        loop {
            if let Some(import) = self.waiting.pop() {
                return Ok(import);
            }
            if self.told.is_some() {
                self.watch.changed().await;
            }
            let reader = self.services.store().reader();
            let rows = store::contact_import::latest(reader, self.list, WATCHED).await?;
            let now: Vec<_> = rows
                .into_iter()
                .map(|row| self.services.import_as_of_now(row))
                .collect();
            self.waiting = match &self.told {
                None => now.iter().take(1).cloned().collect(),
                // The oldest is reported first: it is popped from the end.
                Some(told) => now
                    .iter()
                    .filter(|row| !told.contains(row))
                    .cloned()
                    .collect(),
            };
            self.told = Some(now);
        }
    }
}
