//! Warnings about parts of a text that are probably mistakes.
//!
//! Here: the GraphQL type. Not here: finding such parts ([`domain::merge`]).

use async_graphql::SimpleObject;
use domain::merge::ForeignTag;

/// A part of a text that is probably a mistake.
#[derive(Debug, Clone, SimpleObject)]
pub struct TextWarning {
    /// The number of code points before it in the text.
    offset: i32,
    /// The part of the text, as it is written.
    tag: String,
    /// What is wrong, and what would be right.
    message: String,
}

impl From<ForeignTag<'_>> for TextWarning {
    fn from(found: ForeignTag<'_>) -> Self {
        Self {
            offset: i32::try_from(found.offset).unwrap_or(i32::MAX),
            tag: found.tag.to_owned(),
            message: format!(
                "Looks like a tag of another system and is sent unchanged. A merge field is written {{{{{}}}}}.",
                found.name
            ),
        }
    }
}
