//! Texts for callers, which can be read in several languages.

use std::{borrow::Cow, fmt};

use super::Language;

/// A text for a caller: a template in English, and the values in its places. [`text!`] makes one.
///
/// [`text!`]: crate::text
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    template: &'static str,
    values: Vec<(&'static str, Value)>,
}

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The same in all languages, such as a number or a name.
    Fixed(String),
    /// A text of its own.
    Text(Box<Text>),
}

/// What can be a value in a text: whatever can be displayed, and other texts.
pub trait IntoValue {
    /// The value.
    fn into_value(self) -> Value;
}

impl<T: fmt::Display> IntoValue for T {
    fn into_value(self) -> Value {
        Value::Fixed(self.to_string())
    }
}

// A text is not `Display`, so that it can't lose its language by accident.
impl IntoValue for &Text {
    fn into_value(self) -> Value {
        Value::Text(Box::new(self.clone()))
    }
}

impl Value {
    fn in_language(&self, language: Language) -> Cow<'_, str> {
        match self {
            Self::Fixed(text) => Cow::Borrowed(text),
            Self::Text(text) => Cow::Owned(text.in_language(language)),
        }
    }
}

impl Text {
    /// A text of this template. Its places are `{name}`, and braces of the text itself are doubled.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(template: &'static str, values: Vec<(&'static str, Value)>) -> Self {
        Self { template, values }
    }

    /// What others say in their own language, such as a payment provider.
    #[must_use]
    pub fn of_others(said: impl Into<String>) -> Self {
        Self::new("{said}", vec![("said", Value::Fixed(said.into()))])
    }

    /// A text that was written in English before, such as one that a job stored. Its template is
    /// looked for among those that are translated; if none fits, it is as what others say.
    #[must_use]
    pub fn written(english: &str) -> Self {
        let mut templates = Language::templates();
        let found = templates.find_map(|template| Some((template, values_in(template, english)?)));
        match found {
            Some((template, values)) => Self::new(template, values),
            None => Self::of_others(english),
        }
    }

    /// The template in English, with places such as `{limit}`.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// The values by the names of their places, in English.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let values = self.values.iter();
        values.map(|(name, value)| (*name, value.in_language(Language::English)))
    }

    /// The text in a language, or in English if it isn't translated.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        let template = language.template(self.template).unwrap_or(self.template);
        self.fill(template, language)
    }

    /// The text in English.
    #[must_use]
    pub fn english(&self) -> String {
        self.in_language(Language::English)
    }

    fn fill(&self, template: &str, language: Language) -> String {
        let mut filled = String::with_capacity(template.len());
        for part in parts(template) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(name) => {
                    let value = self.values.iter().find(|(place, _)| *place == name);
                    // The compiler checks English places, and a test those of other languages.
                    if let Some((_, value)) = value {
                        filled.push_str(&value.in_language(language));
                    }
                }
            }
        }
        filled
    }
}

/// A value, which may be a text without values itself.
fn value_of(written: &str) -> Value {
    let mut templates = Language::templates();
    match templates.find(|template| *template == written) {
        Some(template) => Value::Text(Box::new(Text::new(template, Vec::new()))),
        None => Value::Fixed(written.to_owned()),
    }
}

/// The values with which a template makes this text; `None` if it can't.
fn values_in(template: &'static str, text: &str) -> Option<Vec<(&'static str, Value)>> {
    let mut values = Vec::new();
    let (mut rest, mut open) = (text, None);
    for part in parts(template) {
        match part {
            Part::Text(fixed) => {
                let at = match open.take() {
                    None => rest.starts_with(fixed).then_some(0)?,
                    Some(name) => {
                        let at = rest.find(fixed)?;
                        values.push((name, value_of(rest.get(..at)?)));
                        at
                    }
                };
                rest = rest.get(at + fixed.len()..)?;
            }
            // Two places side by side can't be told apart.
            Part::Place(_) if open.is_some() => return None,
            Part::Place(name) => open = Some(name),
        }
    }
    match open {
        Some(name) => values.push((name, value_of(rest))),
        None if rest.is_empty() => {}
        None => return None,
    }
    Some(values)
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text as it is.
    Text(&'a str),
    /// The place of a value.
    Place(&'a str),
}

/// The pieces of a template, by the rules of `format!` for places without a format.
pub(super) fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let at = rest.find(['{', '}']);
        let (part, after) = match at {
            None if rest.is_empty() => return None,
            None => (Part::Text(rest), ""),
            Some(0) if rest.starts_with("{{") || rest.starts_with("}}") => {
                (Part::Text(rest.get(..1)?), rest.get(2..)?)
            }
            Some(0) => {
                let (name, after) = rest.get(1..)?.split_once('}')?;
                (Part::Place(name), after)
            }
            Some(at) => (Part::Text(rest.get(..at)?), rest.get(at..)?),
        };
        rest = after;
        Some(part)
    })
}

/// A text without values that is written in English at once, and stored so. [`Text::written`] finds
/// it again among those that are translated.
///
/// [`Text::written`]: crate::localization::Text::written
macro_rules! written {
    ($text:literal) => {
        $text
    };
}

/// Makes a [`Text`](crate::localization::Text) of a template and its values by name, which the
/// compiler checks as `format!` does.
///
/// ```
/// use message_credits::{localization::Language, text};
///
/// let text = text!("Must have at most {limit} characters.", limit = 80);
/// assert_eq!(text.english(), "Must have at most 80 characters.");
/// assert_eq!(text.in_language(Language::Italian), "Deve avere al massimo 80 caratteri.");
/// ```
#[macro_export]
macro_rules! text {
    ($template:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        // Never run: each place has a value, and each value a place.
        let _ = || {
            $(let $name = "";)*
            ::std::format!($template $(, $name = $name)*)
        };
        #[allow(unused_imports)]
        use $crate::localization::IntoValue as _;
        $crate::localization::Text::new(
            $template,
            ::std::vec![$((::std::stringify!($name), (&$value).into_value())),*],
        )
    }};
}
