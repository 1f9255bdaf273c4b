//! What a search for contacts means: the beginning of a number, or values of merge fields.

use crate::{
    operations::{OperationError, Path, input},
    store::contact::Search,
};

/// The most words of a search for values. Each is looked for in every contact of the list.
const MAX_WORDS: usize = 8;

/// Reads a search; `None` to find all.
///
/// # Errors
/// `Invalid` at `path` for a text without letters that is no beginning of a number.
pub(in crate::operations) fn read(
    search: Option<&str>,
    path: &Path,
) -> Result<Option<Search>, OperationError> {
    let Some(text) = input::search(search, path)? else {
        return Ok(None);
    };
    if text.chars().any(char::is_alphabetic) {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if words.len() > MAX_WORDS {
            let message = text!(
                "Must be at most {limit} words; got {got}.",
                limit = MAX_WORDS,
                got = words.len(),
            );
            return Err(path.invalid(message).into());
        }
        return Ok(Some(Search::Values(words)));
    }
    let wanted = || {
        path.invalid(
            text!("Must be the beginning of a number in E.164 form such as \"+39340\", or a text with letters."),
        )
    };
    let digits: String = text
        .strip_prefix('+')
        .unwrap_or(&text)
        .chars()
        .filter(|character| !" -.()/".contains(*character))
        .collect();
    if digits.len() > 15
        || digits.starts_with('0')
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(wanted().into());
    }
    Ok(Some(Search::Prefix(digits.parse().map_err(|_| wanted())?)))
}

#[cfg(test)]
mod tests {
    use super::{Path, Search, read};

    #[test]
    fn a_search_is_the_beginning_of_a_number_or_words() {
        let check = |text: Option<&str>, expected: Option<Option<Search>>| {
            assert_eq!(
                read(text, &Path::argument("search")).ok(),
                expected,
                "{text:?}"
            );
        };
        let number = |number| Some(Some(Search::Prefix(number)));
        let words = |words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned());
            Some(Some(Search::Values(words.collect())))
        };
        check(None, Some(None));
        check(Some("  "), Some(None));
        check(Some("+39"), number(39));
        check(Some("39 340-12"), number(3_934_012));
        check(Some("+123456789012345"), number(123_456_789_012_345));
        check(Some(" Mario  Rossi "), words(&["Mario", "Rossi"]));
        check(Some("+39a"), words(&["+39a"]));
        for bad in ["+", "0039", "%", "1234567890123456", "a b c d e f g h i"] {
            check(Some(bad), None);
        }
    }
}
