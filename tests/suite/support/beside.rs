//! Servers with other settings over the database of one that is there.

use std::sync::Arc;

use message_credits::{
    app::Settings,
    http::connections,
    payments::{Provider, Providers},
};

use super::Server;

impl Server {
    /// The same database, clock and default limits with other settings. This server ends.
    pub async fn with_settings(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        let store = self.inside.store.clone();
        let limits = connections::Limits::default();
        Self::over(store, self.clock.clone(), self._folder.take(), limits, set).await
    }

    /// Another server over the same database and clock, with other settings. Both go on.
    pub async fn beside(&self, set: impl FnOnce(&mut Settings)) -> Self {
        let store = self.inside.store.clone();
        let limits = connections::Limits::default();
        Self::over(store, self.clock.clone(), None, limits, set).await
    }

    /// The same database with these payment providers, the first of which takes new payments.
    pub async fn paid_by(self, providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        let payments = Providers::of(providers);
        self.with_settings(|settings| settings.payments = payments)
            .await
    }
}
