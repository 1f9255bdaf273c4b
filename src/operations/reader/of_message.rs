//! The media of messages, read for many messages at once.
//!
//! Not here: their texts and lines ([`super::parts`]).

use std::collections::{BTreeSet, HashMap};

use domain::id::{AccountId, MessageId};
use sea_orm::DbErr;

use super::{Keyed, ViewerReader};
use crate::{
    operations::{segmentation::Media, viewer::Visibility},
    store,
};

/// Asks for the media of a message; there are none for an SMS, once they were erased, and for
/// messages from before they were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaOf {
    /// The message's account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
}

impl Keyed for MediaOf {
    type Value = Vec<Media>;

    // What is read beyond the budget before it is noticed: 64 messages with 20 kB are 1 MB.
    const MAX_KEYS: usize = 64;

    fn bytes(media: &Vec<Media>) -> usize {
        let bytes = |one: &Media| {
            let url = one.url.as_ref().map_or(0, String::len);
            size_of::<Media>() + one.content_type.len() + url
        };
        media.iter().map(bytes).sum()
    }

    fn visibility(&self, _: Option<&Vec<Media>>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Vec<Media>>, DbErr> {
        let connection = reader.services().store().reader();
        let accounts: BTreeSet<AccountId> = keys.iter().map(|key| key.account).collect();
        let messages = keys.iter().map(|key| key.message);
        let rows = store::message::media(connection, accounts, messages).await?;
        let mut kept: HashMap<_, String> = rows.into_iter().collect();
        let mut found = HashMap::new();
        for key in keys {
            if let Some(text) = kept.remove(&key.message.uuid()) {
                let media = Media::read_all(&text);
                let media = media.map_err(|cause| DbErr::Json(cause.to_string()))?;
                found.insert(*key, media);
            }
        }
        Ok(found)
    }
}
