//! The content of a message: its text and media, checked, and how the text is cut into segments.

mod media;

use domain::{
    channel::Channel,
    merge::{ForeignTag, MAX_FIELDS, MAX_NAME_BYTES, Template, TemplateError, foreign_tags},
    segmentation::{self, Options, SegmentCount, Segmentation, TooManySegments},
};

pub use self::media::{MAX_MEDIA, Media};
use super::{OperationError, Path, Refusal};

/// The longest text, in code points: 255 segments of GSM-7 hold fewer characters.
pub const MAX_TEXT_CHARS: usize = 40_000;
/// The most warnings about one text: more would say nothing new.
pub const MAX_WARNINGS: usize = 50;

/// The content of a message, as it was given.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// The text, with its merge fields.
    pub text: String,
    /// The media; any makes the message an MMS (law S3).
    pub media: Vec<Media>,
    /// What may be done to the text, and how its segments are joined. For a message, the tables and
    /// the reference number are its destinations' instead.
    pub options: Options,
}

/// The content of a message, checked.
#[derive(Debug, Clone)]
pub struct Content {
    text: String,
    media: Vec<Media>,
    merge: Option<Merge>,
    channel: Channel,
    options: Options,
}

/// The merge fields of a text that has any.
#[derive(Debug, Clone)]
struct Merge {
    template: Template,
    /// The text for a contact without any value.
    filled: String,
}

impl Content {
    /// A text whose merge fields are ordinary text.
    ///
    /// # Errors
    /// Refusals that name the text or the medium.
    pub fn plain(new: NewContent) -> Result<Self, OperationError> {
        check_text(&new.text)?;
        media::check(&new.media)?;
        let channel = if new.media.is_empty() {
            Channel::Sms
        } else {
            Channel::Mms
        };
        Ok(Self {
            text: new.text,
            media: new.media,
            merge: None,
            channel,
            options: new.options,
        })
    }

    /// A text whose merge fields are filled in (law Q6).
    ///
    /// # Errors
    /// Refusals that name the text or the medium.
    pub fn with_merge_fields(new: NewContent) -> Result<Self, OperationError> {
        let mut content = Self::plain(new)?;
        let template = Template::parse(&content.text).map_err(no_template)?;
        if template.has_fields() {
            let filled = template.fallback_text().into_owned();
            content.merge = Some(Merge { template, filled });
        }
        Ok(content)
    }

    /// The merge fields; `None` if the text has none.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        self.merge.as_ref().map(|merge| &merge.template)
    }

    /// Refuses a message without media whose text is blank.
    ///
    /// # Errors
    /// A refusal that names the text.
    pub fn refuse_empty(&self) -> Result<(), Refusal> {
        let may_be_empty = match self.channel {
            Channel::Sms => false,
            Channel::Mms => true,
        };
        if may_be_empty || !self.text.trim().is_empty() {
            return Ok(());
        }
        Err(Path::input("text").invalid(text!(
            "Must not be empty in a message without media; set allowEmpty to send it all the same."
        )))
    }

    /// The first [`MAX_WARNINGS`] parts of the text that look like a tag of another system.
    pub fn foreign_tags(&self) -> impl Iterator<Item = ForeignTag<'_>> {
        foreign_tags(&self.text).take(MAX_WARNINGS)
    }

    /// The channel that carries the message.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The media as a message keeps them; `None` without any.
    ///
    /// # Errors
    /// They have no JSON form, which is a fault.
    pub fn kept_media(&self) -> Result<Option<String>, OperationError> {
        media::kept(&self.media)
    }

    /// The options as they were given.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// The options with smart encoding.
    #[must_use]
    pub fn smart(&self) -> Options {
        Options {
            smart_encoding: true,
            ..self.options
        }
    }

    /// Counts the segments under these options; merge fields count as their fallbacks.
    ///
    /// # Errors
    /// A refusal that names the text, if it needs too many segments.
    pub fn count(&self, options: &Options) -> Result<SegmentCount, Refusal> {
        segmentation::count(self.to_cut(), self.channel, options).map_err(too_many)
    }

    /// Cuts the text under these options; merge fields count as their fallbacks.
    ///
    /// # Errors
    /// A refusal that names the text, if it needs too many segments.
    pub fn segments(&self, options: &Options) -> Result<Segmentation<'_>, Refusal> {
        self.segments_of(self.to_cut(), options)
    }

    /// Cuts a contact's own text.
    ///
    /// # Errors
    /// A refusal that names the text, if it needs too many segments.
    pub fn segments_of<'a>(
        &self,
        text: &'a str,
        options: &Options,
    ) -> Result<Segmentation<'a>, Refusal> {
        segmentation::segment(text, self.channel, options).map_err(too_many)
    }

    /// The text that a message keeps: as it is sent under these options, or with its merge fields
    /// if it has any.
    ///
    /// # Errors
    /// A refusal that names the text, if it needs too many segments.
    pub fn kept_text(&self, options: &Options) -> Result<String, Refusal> {
        if self.merge.is_some() || !options.smart_encoding {
            return Ok(self.text.clone());
        }
        Ok(self.segments(options)?.text.into_owned())
    }

    /// The text that is cut: with fallbacks in place of its merge fields.
    #[must_use]
    pub fn to_cut(&self) -> &str {
        self.merge
            .as_ref()
            .map_or(&self.text, |merge| &merge.filled)
    }
}

/// The refusal of a text that needs too many segments.
pub(super) fn too_many(error: TooManySegments) -> Refusal {
    Path::input("text").invalid(text!(
        "Needs {needed} segments; one message has at most {limit}.",
        needed = error.needed,
        limit = segmentation::MAX_SEGMENTS
    ))
}

fn no_template(error: TemplateError) -> Refusal {
    Path::input("text").invalid(match error {
        TemplateError::Unterminated { offset } => text!(
            "The merge field that begins at character {position} does not end; write it as {{{{name}}}} or {{{{name|fallback}}}}.",
            position = offset + 1,
        ),
        TemplateError::NotAField { offset } => text!(
            "The braces at character {position} are not a merge field; write it as {{{{name}}}} or {{{{name|fallback}}}}. \
             A name has at most {limit} letters, digits, _, . and -, and begins with a letter or _.",
            position = offset + 1,
            limit = MAX_NAME_BYTES,
        ),
        TemplateError::UnquotedDefault { offset } => text!(
            "The default of the merge field at character {position} is not in quotation marks; write it as {{{{name|fallback}}}}.",
            position = offset + 1,
        ),
        TemplateError::TooManyFields => {
            text!("Must have at most {limit} different merge fields.", limit = MAX_FIELDS)
        }
    })
}

fn check_text(text: &str) -> Result<(), Refusal> {
    let path = Path::input("text");
    // A character has at most four bytes: a longer text needs no counting.
    if text.len() > 4 * MAX_TEXT_CHARS || text.chars().count() > MAX_TEXT_CHARS {
        return Err(path.invalid(text!(
            "Must have at most {limit} characters.",
            limit = MAX_TEXT_CHARS
        )));
    }
    if text.contains('\0') {
        return Err(path.invalid(text!("Must not have the character U+0000.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Content, Media, NewContent, OperationError, Options};

    fn content(text: &str, content_type: Option<&str>, smart: bool) -> NewContent {
        let media = content_type.map(|content_type| Media {
            content_type: content_type.to_owned(),
            url: None,
            size_bytes: None,
        });
        NewContent {
            text: text.to_owned(),
            media: media.into_iter().collect(),
            options: Options {
                smart_encoding: smart,
                ..Options::default()
            },
        }
    }

    #[test]
    fn content_types_are_checked() {
        let check = |content_type, fits| {
            let checked = Content::plain(content("", Some(content_type), false));
            assert_eq!(checked.is_ok(), fits, "{content_type:?}");
        };
        check("image/jpeg", true);
        check("application/vnd.ms-excel+x", true);
        for bad in [
            "",
            "image",
            "/",
            "image/",
            "/png",
            "image/a b",
            "a/b/c",
            "image/png;q=1",
            "image/é",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn texts_are_bounded() {
        let check = |text: String, fits: bool| {
            let checked = Content::plain(content(&text, None, false));
            assert_eq!(checked.is_ok(), fits, "{} bytes", text.len());
        };
        check("😀".repeat(40_000), true);
        check("a".repeat(40_001), false);
        check("a\0b".to_owned(), false);
    }

    #[test]
    fn refusals_of_long_texts_say_how_many_segments_they_need() {
        let checked = Content::plain(content(&"a".repeat(40_000), None, false)).unwrap();
        let Err(refusal) = checked.count(&Options::default()) else {
            panic!("more than 255 segments were accepted");
        };
        assert_eq!(refusal.field, ["input", "text"]);
        assert_eq!(
            refusal.message.english(),
            "Needs 262 segments; one message has at most 255."
        );
    }

    #[test]
    fn merge_fields_are_cut_as_their_fallbacks_and_kept_as_written() {
        let text = "Ciao {{name|amico}}, l’offerta";
        let check = |content: Result<Content, OperationError>, cut: &str, kept: &str| {
            let content = content.unwrap();
            let options = content.options();
            assert_eq!(content.segments(&options).unwrap().text, cut);
            assert_eq!(content.kept_text(&options).unwrap(), kept);
        };
        let new = |smart| content(text, None, smart);
        check(Content::plain(new(false)), text, text);
        let cut = "Ciao amico, l’offerta";
        check(Content::with_merge_fields(new(false)), cut, text);
        // One segment either way, so smart encoding replaces nothing.
        check(Content::with_merge_fields(new(true)), cut, text);
    }

    #[test]
    fn an_unterminated_merge_field_is_reported_with_its_position() {
        let refused = Content::with_merge_fields(content("Ciao {{name!", None, false));
        let Err(OperationError::Refused(refusals)) = refused else {
            panic!("an unterminated merge field was accepted");
        };
        assert_eq!(refusals[0].field, ["input", "text"]);
        assert_eq!(
            refusals[0].message.english(),
            "The merge field that begins at character 6 does not end; write it as {{name}} or {{name|fallback}}."
        );
    }
}
