//! Law Q4 over the library's example numbers of each country and type: no text becomes another
//! number than the one written, and no number that can receive a message is refused in its
//! unambiguous form.

use std::sync::LazyLock;

use proptest::{prelude::*, sample::select};
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType, Region,
};

use super::{Accept, NumberFault, read};

/// An example number with the country and type that the library gives it.
#[derive(Debug, Clone)]
struct Example {
    region: Region,
    kind: PhoneNumberType,
    digits: i64,
    parsed: Parsed,
}

const KINDS: [PhoneNumberType; 11] = [
    PhoneNumberType::FixedLine,
    PhoneNumberType::Mobile,
    PhoneNumberType::FixedLineOrMobile,
    PhoneNumberType::TollFree,
    PhoneNumberType::PremiumRate,
    PhoneNumberType::SharedCost,
    PhoneNumberType::VoIP,
    PhoneNumberType::PersonalNumber,
    PhoneNumberType::Pager,
    PhoneNumberType::UAN,
    PhoneNumberType::VoiceMail,
];

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let mut examples = Vec::new();
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        for kind in KINDS {
            let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind);
            let Ok(parsed) = example else { continue };
            // Read again by the plan, which may not distinguish its kind from another.
            let kind = parsed.get_type();
            if kind == PhoneNumberType::Unknown {
                continue;
            }
            let e164 = parsed.format_as(PhoneNumberFormat::E164);
            let digits = e164.trim_start_matches('+').parse().unwrap();
            examples.push(Example {
                region,
                kind,
                digits,
                parsed,
            });
        }
    }
    examples
});

fn is_mobile(kind: PhoneNumberType) -> bool {
    matches!(
        kind,
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile
    )
}

/// Ways in which people, phones and spreadsheets write a number without changing it.
fn disguise() -> impl Strategy<Value = fn(&str) -> String> {
    let disguises: Vec<fn(&str) -> String> = vec![
        str::to_owned,
        |text| format!("'{text}"),
        |text| format!("=\"{text}\""),
        |text| format!("\u{202A}{text}\u{202C}"),
        |text| format!("  {text}\t"),
        |text| text.replace(' ', "\u{2009}").replace('-', "\u{2011}"),
        |text| text.chars().flat_map(|c| [c, '\u{200B}']).collect(),
        // Full-width and Arabic-Indic digits.
        |text| map_digits(text, 0xFF10),
        |text| map_digits(text, 0x0660),
        |text| map_digits(text, 0x0966),
        |text| {
            let digits = |c: &char| c.is_ascii_digit() || *c == '+';
            text.chars().filter(digits).chain(['.', '0']).collect()
        },
    ];
    select(disguises)
}

fn map_digits(text: &str, zero: u32) -> String {
    let digit = |c: char| {
        c.to_digit(10)
            .and_then(|value| char::from_u32(zero + value))
    };
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

fn forms(example: &Example) -> [String; 3] {
    [
        PhoneNumberFormat::E164,
        PhoneNumberFormat::International,
        PhoneNumberFormat::National,
    ]
    .map(|format| example.parsed.format_as(format).into_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn no_text_becomes_another_number(
        example in select(EXAMPLES.clone()),
        form in 0_usize..3,
        disguise in disguise(),
        accept in select(vec![Accept::Mobiles, Accept::Landlines, Accept::All]),
    ) {
        let text = disguise(&forms(&example)[form]);
        let home = example.region.as_region_str().parse().ok();
        match read(&text, home, accept) {
            Ok(found) => prop_assert_eq!(found.digits, example.digits, "{}", text),
            Err(fault) => prop_assert!(!fault.to_string().is_empty()),
        }
    }

    #[test]
    fn a_number_with_its_plus_is_taken_if_it_can_receive_a_message(
        example in select(EXAMPLES.clone()),
        form in 0_usize..2,
        disguise in disguise(),
    ) {
        let text = disguise(&forms(&example)[form]);
        let found = read(&text, None, Accept::Mobiles);
        if is_mobile(example.kind) {
            prop_assert_eq!(found.map(|found| found.digits), Ok(example.digits), "{}", text);
        } else {
            prop_assert!(
                matches!(found, Err(NumberFault::Landline(_) | NumberFault::Service(..))),
                "{}: {:?}", text, found
            );
        }
    }

    #[test]
    fn a_number_without_its_plus_is_never_a_strangers(
        example in select(EXAMPLES.clone()),
        elsewhere in select(EXAMPLES.clone()),
    ) {
        // A number of one country in a list of another whose plus was lost on the way.
        let home = elsewhere.region.as_region_str().parse().ok();
        if let Ok(found) = read(&example.digits.to_string(), home, Accept::Mobiles) {
            let written = found.digits == example.digits;
            // If the digits are a mobile number of the default country, they are that number.
            let national = found.digits.to_string().ends_with(&example.digits.to_string())
                || read_nationally(&example, elsewhere.region) == Some(found.digits);
            prop_assert!(written || national, "{} in {:?}: {found:?}", example.digits, home);
        }
    }

    #[test]
    fn any_text_is_a_number_or_has_a_reason(text in "\\PC{0,40}", with_country: bool) {
        let home = with_country.then(|| "IT".parse().unwrap());
        if let Ok(found) = read(&text, home, Accept::All) {
            prop_assert!(found.digits > 0);
        }
    }
}

/// An example's digits without the plus, as the library reads them in a country.
fn read_nationally(example: &Example, region: Region) -> Option<i64> {
    let parsed = Parsed::parse(example.digits.to_string(), Some(region)).ok()?;
    let e164 = parsed.format_as(PhoneNumberFormat::E164);
    is_mobile(parsed.get_type()).then(|| e164.trim_start_matches('+').parse().ok())?
}

#[test]
fn a_mobile_number_is_taken_in_its_countrys_own_form() {
    let mut refused = Vec::new();
    for example in EXAMPLES.iter().filter(|example| is_mobile(example.kind)) {
        let [_, _, national] = forms(example);
        let code = example.region.as_region_str();
        let found = read(&national, code.parse().ok(), Accept::Mobiles);
        if found.map(|found| found.digits) != Ok(example.digits) {
            refused.push((code, national, found));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_country_with_numbers_is_a_country_of_the_api() {
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        let code = region.as_region_str();
        let path = crate::operations::Path::argument("country");
        assert!(
            crate::operations::input::country(&code, &path).is_ok(),
            "{code} has telephone numbers, and no message to it could be settled"
        );
    }
}
