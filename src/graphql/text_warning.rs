//! Warnings about parts of a text that are probably mistakes.
//!
//! Here: the GraphQL type. Not here: finding such parts ([`domain::merge`]).

use async_graphql::{Context, Object};
use domain::merge::ForeignTag;

use super::engine::request::language;
use crate::localization::Text;

/// A part of a text that is probably a mistake.
#[derive(Debug, Clone)]
pub struct TextWarning {
    offset: i32,
    tag: String,
    message: Text,
}

/// A part of a text that is probably a mistake.
#[Object]
impl TextWarning {
    /// The number of code points before it in the text.
    async fn offset(&self) -> i32 {
        self.offset
    }

    /// The part of the text, as it is written.
    async fn tag(&self) -> &str {
        &self.tag
    }

    /// What is wrong, and what would be right.
    async fn message(&self, ctx: &Context<'_>) -> String {
        self.message.in_language(language(ctx))
    }
}

impl From<ForeignTag<'_>> for TextWarning {
    fn from(found: ForeignTag<'_>) -> Self {
        Self {
            offset: i32::try_from(found.offset).unwrap_or(i32::MAX),
            tag: found.tag.to_owned(),
            message: text!(
                "Looks like a tag of another system and is sent unchanged. A merge field is written {{{{{name}}}}}.",
                name = found.name,
            ),
        }
    }
}
