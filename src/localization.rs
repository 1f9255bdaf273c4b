//! The languages that the server's texts can be read in.
//!
//! Here: which language a client asks for, and the texts in it. Not here: what is said, which is
//! beside the code that says it ([`text!`](crate::text)).
//!
//! English is written in the code. Other languages are files beside this one: JSON objects from an
//! English template to its translation. A test holds each file to the templates of the code.

#[macro_use]
mod text;

use std::{collections::HashMap, sync::LazyLock};

pub use self::text::{IntoValue, Text, Value};

/// A language of the server's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, in which the code is written.
    #[default]
    English,
    /// Italian.
    Italian,
}

impl Language {
    /// Every language, the default first.
    pub const ALL: [Self; 2] = [Self::English, Self::Italian];

    /// Its BCP 47 tag, by which `Accept-Language` names it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Italian => "it",
        }
    }

    /// The language that a client prefers according to its header `Accept-Language` (RFC 9110,
    /// section 12.5.4): the first of ours in the order of its weights, with any region. English if
    /// it names none of them.
    #[must_use]
    pub fn preferred(accept_language: &str) -> Self {
        // Browsers send at most a few hundred bytes.
        if accept_language.len() > MAX_HEADER_BYTES {
            return Self::default();
        }
        accept_language::parse_with_quality(accept_language)
            .into_iter()
            .filter(|(_, weight)| *weight > 0.0)
            .find_map(|(tag, _)| Self::of_tag(&tag))
            .unwrap_or_default()
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.tag().eq_ignore_ascii_case(primary))
    }

    /// The template in this language; `None` if it isn't translated.
    fn template(self, english: &'static str) -> Option<&'static str> {
        match self {
            Self::English => Some(english),
            Self::Italian => ITALIAN.get(english).map(String::as_str),
        }
    }

    /// Every English template that is translated, the ones with the most text first, so that one
    /// that is all places comes last.
    fn templates() -> impl Iterator<Item = &'static str> {
        TEMPLATES.iter().copied()
    }

    /// The translations of the language, from English templates. English has none.
    #[must_use]
    pub fn translations(self) -> Option<&'static HashMap<String, String>> {
        match self {
            Self::English => None,
            Self::Italian => Some(&ITALIAN),
        }
    }
}

/// The longest `Accept-Language` that is read.
const MAX_HEADER_BYTES: usize = 1_024;

/// Empty if the file can't be read, which a test excludes.
static ITALIAN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("localization/it.json")).unwrap_or_default()
});

static TEMPLATES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let fixed = |template: &&str| -> usize {
        let parts = text::parts(template);
        parts
            .map(|part| match part {
                text::Part::Text(text) => text.len(),
                text::Part::Place(_) => 0,
            })
            .sum()
    };
    let mut templates: Vec<&'static str> = ITALIAN.keys().map(String::as_str).collect();
    templates.sort_by_key(|template| (std::cmp::Reverse(fixed(template)), *template));
    templates
});

#[cfg(test)]
mod tests;
