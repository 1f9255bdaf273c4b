//! What a message says: its text and media, checked, and how they are cut into segments.

use domain::{
    merge::{ForeignTag, MAX_FIELDS, MAX_NAME_BYTES, Template, TemplateError, foreign_tags},
    segmentation::{self, Channel, Options, SegmentCount, Segmentation, TooManySegments},
};
use url::Url;

use super::{OperationError, Path, Refusal};

/// The longest text, in code points: 255 segments of GSM-7 hold fewer.
pub const MAX_TEXT_CHARS: usize = 40_000;
/// The most media of one message.
pub const MAX_MEDIA: usize = 10;
/// The most warnings about one text: more say nothing new.
pub const MAX_WARNINGS: usize = 50;
/// The longest type or subtype of a medium (RFC 6838 §4.2).
const MAX_TYPE_NAME_BYTES: usize = 127;

/// A picture, a sound or a film of a message.
#[derive(Debug, Clone)]
pub struct Media {
    /// `type/subtype`.
    pub content_type: String,
    /// Where it is.
    pub url: Option<String>,
    /// How large it is.
    pub size_bytes: Option<i32>,
}

/// What a message says, as it was written.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// The text, with its merge fields.
    pub text: String,
    /// Any makes it an MMS.
    pub media: Vec<Media>,
    /// What may be done to it, and how it is joined. For a message the tables and the way of joining are
    /// its destinations' instead.
    pub options: Options,
}

/// What a message says, checked.
#[derive(Debug, Clone)]
pub struct Content {
    text: String,
    merge: Option<Merge>,
    has_media: bool,
    options: Options,
}

/// The merge fields of a text that has any.
#[derive(Debug, Clone)]
struct Merge {
    template: Template,
    /// The text where nothing is known of a contact.
    filled: String,
}

impl Content {
    /// A text that is cut as it stands: merge fields are text like any other.
    ///
    /// # Errors
    /// Refusals that name the text or the medium.
    pub fn plain(new: NewContent) -> Result<Self, OperationError> {
        check_text(&new.text)?;
        check_media(&new.media)?;
        Ok(Self {
            text: new.text,
            merge: None,
            has_media: !new.media.is_empty(),
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

    /// Its merge fields; `None` where it has none.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        self.merge.as_ref().map(|merge| &merge.template)
    }

    /// That it says something or shows something.
    ///
    /// # Errors
    /// A refusal that names the text.
    pub fn refuse_empty(&self) -> Result<(), Refusal> {
        if self.has_media || !self.text.trim().is_empty() {
            return Ok(());
        }
        Err(Path::input("text").invalid(
            "Must not be empty in a message without media; set allowEmpty to send it all the same.",
        ))
    }

    /// What looks like a tag of another system in it: the first [`MAX_WARNINGS`].
    pub fn foreign_tags(&self) -> impl Iterator<Item = ForeignTag<'_>> {
        foreign_tags(&self.text).take(MAX_WARNINGS)
    }

    /// How it is carried.
    #[must_use]
    pub fn channel(&self) -> Channel {
        if self.has_media {
            Channel::Mms
        } else {
            Channel::Sms
        }
    }

    /// What may be done to it, as it was asked.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// The same with smart encoding.
    #[must_use]
    pub fn smart(&self) -> Options {
        Options {
            smart_encoding: true,
            ..self.options
        }
    }

    /// What it is billed by where it is cut so; merge fields count as their fallbacks.
    ///
    /// # Errors
    /// A refusal that names the text, where it needs too many segments.
    pub fn count(&self, options: &Options) -> Result<SegmentCount, Refusal> {
        segmentation::count(self.to_cut(), self.has_media, options).map_err(too_many)
    }

    /// How it is cut so; merge fields count as their fallbacks.
    ///
    /// # Errors
    /// A refusal that names the text, where it needs too many segments.
    pub fn segments(&self, options: &Options) -> Result<Segmentation<'_>, Refusal> {
        self.segments_of(self.to_cut(), options)
    }

    /// How a contact's own text is cut.
    ///
    /// # Errors
    /// A refusal that names the text, where it needs too many segments.
    pub fn segments_of<'a>(
        &self,
        text: &'a str,
        options: &Options,
    ) -> Result<Segmentation<'a>, Refusal> {
        segmentation::segment(text, self.has_media, options).map_err(too_many)
    }

    /// The text that a message keeps: as it is sent where it is cut so, but with its merge fields where it has
    /// any.
    ///
    /// # Errors
    /// A refusal that names the text, where it needs too many segments.
    pub fn kept_text(&self, options: &Options) -> Result<String, Refusal> {
        if self.merge.is_some() || !options.smart_encoding {
            return Ok(self.text.clone());
        }
        Ok(self.segments(options)?.text.into_owned())
    }

    /// The text that is cut: with its fallbacks where it has merge fields.
    #[must_use]
    pub fn to_cut(&self) -> &str {
        self.merge
            .as_ref()
            .map_or(&self.text, |merge| &merge.filled)
    }
}

/// Why a text has no number of segments, for the caller.
pub(super) fn too_many(error: TooManySegments) -> Refusal {
    Path::input("text").invalid(format!(
        "Needs {} segments; one message has at most {}.",
        error.needed,
        segmentation::MAX_SEGMENTS
    ))
}

fn no_template(error: TemplateError) -> Refusal {
    Path::input("text").invalid(match error {
        TemplateError::Unterminated { offset } => format!(
            "The merge field that begins at character {} does not end; write it as {{{{name}}}} or {{{{name|fallback}}}}.",
            offset + 1
        ),
        TemplateError::NotAField { offset } => format!(
            "The braces at character {} are not a merge field; write it as {{{{name}}}} or {{{{name|fallback}}}}. A name \
             has at most {MAX_NAME_BYTES} letters, digits, _, . and -, and begins with a letter or _.",
            offset + 1
        ),
        TemplateError::UnquotedDefault { offset } => format!(
            "The default of the merge field at character {} is not in quotation marks; write it as {{{{name|fallback}}}}.",
            offset + 1
        ),
        TemplateError::TooManyFields => {
            format!("Must have at most {MAX_FIELDS} different merge fields.")
        }
    })
}

fn check_text(text: &str) -> Result<(), Refusal> {
    let path = Path::input("text");
    // Nothing that long in bytes is short enough in characters.
    if text.len() > 4 * MAX_TEXT_CHARS || text.chars().count() > MAX_TEXT_CHARS {
        return Err(path.invalid(format!("Must have at most {MAX_TEXT_CHARS} characters.")));
    }
    if text.contains('\0') {
        return Err(path.invalid("Must not have the character U+0000."));
    }
    Ok(())
}

fn check_media(media: &[Media]) -> Result<(), Refusal> {
    let path = Path::input("media");
    if media.len() > MAX_MEDIA {
        return Err(path.invalid(format!("Must be at most {MAX_MEDIA}.")));
    }
    for (index, one) in media.iter().enumerate() {
        let path = path.at(index);
        if !is_content_type(&one.content_type) {
            return Err(path
                .at("contentType")
                .invalid("Must be a media type such as \"image/jpeg\"."));
        }
        if one.url.as_deref().is_some_and(|url| !is_web_url(url)) {
            return Err(path
                .at("url")
                .invalid("Must be an absolute http or https URL."));
        }
        if one.size_bytes.is_some_and(|size| size < 0) {
            return Err(path.at("sizeBytes").invalid("Must not be negative."));
        }
    }
    Ok(())
}

/// A type and a subtype by RFC 6838 §4.2, without parameters.
fn is_content_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let first = name.bytes().next();
        let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        name.len() <= MAX_TYPE_NAME_BYTES
            && first.is_some_and(|byte| byte.is_ascii_alphanumeric())
            && name.bytes().all(rest)
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
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
    fn a_medium_has_a_type_and_a_subtype() {
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
    fn too_many_segments_say_how_many() {
        let checked = Content::plain(content(&"a".repeat(40_000), None, false)).unwrap();
        let Err(refusal) = checked.count(&Options::default()) else {
            panic!("it is cut into more than 255 segments");
        };
        assert_eq!(refusal.field, ["input", "text"]);
        assert_eq!(
            refusal.message,
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
        // Short enough for one segment either way, so that nothing is swapped.
        check(Content::with_merge_fields(new(true)), cut, text);
    }

    #[test]
    fn a_merge_field_without_an_end_is_told_with_its_place() {
        let refused = Content::with_merge_fields(content("Ciao {{name!", None, false));
        let Err(OperationError::Refused(refusals)) = refused else {
            panic!("it does not end");
        };
        assert_eq!(refusals[0].field, ["input", "text"]);
        assert_eq!(
            refusals[0].message,
            "The merge field that begins at character 6 does not end; write it as {{name}} or {{name|fallback}}."
        );
    }
}
