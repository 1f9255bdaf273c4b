//! Merge fields: texts that have them, the texts they become, and the texts that are refused.
//!
//! Here: the rules as tables and properties. Not here: counting the segments of personal texts.

use super::{MAX_FIELDS, Template, TemplateError, Values};
use proptest::prelude::*;
use std::borrow::Cow;

#[test]
fn fields_are_their_fallbacks() {
    let check = |text: &str, sent: &str| {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.fallback_text(), sent, "{text:?}");
    };
    check("Ciao {{firstName}}!", "Ciao !");
    check("Ciao {{firstName|amico}}!", "Ciao amico!");
    check("{{a|}}{{b|due}}{{_c.d-9|x|y}}", "duex|y");
    check("{{a|uno\ndue}}", "uno\ndue");
    check("Ciao {{ firstName }}!", "Ciao !");
    check("Ciao {{ firstName | amico }}!", "Ciao amico!");
    check("Ciao {{firstName| amico}}!", "Ciao  amico!");
    check("Ciao {{nome|}}!", "Ciao !");
    for filter in [
        "default:\"amico\"",
        "default: 'amico'",
        " default : “amico” ",
        "default(\"amico\")",
    ] {
        check(
            &format!("Ciao {{{{person.first_name|{filter}}}}}!"),
            "Ciao amico!",
        );
    }
    // Only a default filter is a fallback.
    check("{{a|defaults}}{{a|default}}", "defaultsdefault");
}

#[test]
fn single_braces_are_plain_text() {
    for text in [
        "",
        "Ciao",
        "{",
        "}",
        "{}",
        "{a}",
        "{ {a} }",
        "} }",
        "*|FNAME|*",
    ] {
        let template = Template::parse(text).unwrap();
        assert!(!template.has_fields(), "{text:?}");
        assert!(matches!(template.fallback_text(), Cow::Borrowed(sent) if sent == text));
    }
}

#[test]
fn two_braces_that_are_no_field_are_refused_with_their_offset() {
    use TemplateError::{NotAField, UnquotedDefault, Unterminated};
    let check = |text: &str, wanted| {
        assert_eq!(Template::parse(text), Err(wanted), "{text:?}");
    };
    let long = format!("{{{{{}}}}}", "a".repeat(65));
    for text in [
        "{{}}",
        "{{ }}",
        "{{9a}}",
        "{{à}}",
        "{{|b}}",
        "{{first name}}",
        "}}",
        "{{{a}}}",
        &long,
    ] {
        check(text, NotAField { offset: 0 });
    }
    check("è {{first name|amico}}", NotAField { offset: 2 });
    check("{{a}} }}", NotAField { offset: 6 });
    check("{{a}}}", NotAField { offset: 0 });
    check("😀{a}}", NotAField { offset: 3 });
    check("}}{{", NotAField { offset: 0 });
    check("{{", Unterminated { offset: 0 });
    check("{{a", Unterminated { offset: 0 });
    check("è {{a}", Unterminated { offset: 2 });
    check("{{a|b", Unterminated { offset: 0 });
    check("{{a|{b}}", Unterminated { offset: 0 });
    check("😀{{a}} {{b, {{c}}", Unterminated { offset: 7 });
    check("{{a}} {{b|default:amico}}", UnquotedDefault { offset: 6 });
    check("{{b|default(amico)}}", UnquotedDefault { offset: 0 });
    check("{{b|default:\"}}", UnquotedDefault { offset: 0 });
}

#[test]
fn fields_are_counted_once_and_bounded() {
    let text = |count: usize| {
        (0..count)
            .map(|n| format!("{{{{f{n}}}}}"))
            .collect::<String>()
    };
    let most = Template::parse(&text(MAX_FIELDS).repeat(3)).unwrap();
    assert_eq!(most.fields().len(), MAX_FIELDS);
    let above = Template::parse(&text(MAX_FIELDS + 1));
    assert_eq!(above, Err(TemplateError::TooManyFields));

    let template = Template::parse("{{a}}{{b|x}}{{a|y}}{{a}}{{a|}}").unwrap();
    let fields: Vec<_> = template
        .fields()
        .map(|field| (field.name, field.slot, field.fallback))
        .collect();
    assert_eq!(
        fields,
        [
            ("a", 0, None),
            ("b", 1, Some("x")),
            ("a", 0, Some("y")),
            ("a", 0, Some("")),
        ]
    );
    assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn what_is_known_stands_in_its_place() {
    let template = Template::parse("{{a}}-{{b|x}}-{{a|y}}").unwrap();
    let (mut values, mut sent) = (Values::default(), String::new());
    let mut check = |known: [Option<&str>; 2], expected| {
        values.clear(2);
        for (slot, value) in known.into_iter().enumerate() {
            value.into_iter().for_each(|value| values.set(slot, value));
        }
        template.render(&values, &mut sent);
        assert_eq!(sent, expected);
    };
    check([Some("Ada"), Some("Bea")], "Ada-Bea-Ada");
    check([None, Some("Bea")], "-Bea-y");
    check([Some(""), None], "-x-y");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "[{}|aà\n ]{0,60}") {
        if let Ok(template) = Template::parse(&text) {
            prop_assert_eq!(template.has_fields(), template.fallback_text() != text);
        }
    }

    #[test]
    fn what_stands_around_a_field_stays(before in "[^{}]{0,20}", fallback in "[^{}]{0,20}", after in "[^{}]{0,20}", known in "\\PC{1,9}") {
        let text = format!("{before}{{{{name|{fallback}}}}}{after}");
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.fallback_text(), format!("{before}{fallback}{after}"));
        let (mut values, mut sent) = (Values::default(), String::new());
        values.clear(1);
        values.set(0, &known);
        template.render(&values, &mut sent);
        prop_assert_eq!(sent, format!("{before}{known}{after}"));
    }
}
