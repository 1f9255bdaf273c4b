//! Telephone numbers as found in files and forms, and the number that each means.

use super::{Accept, NumberFault, PhoneNumber, read};

fn country(code: &str) -> Option<domain::country::CountryCode> {
    (!code.is_empty()).then(|| code.parse().unwrap())
}

#[track_caller]
fn is(text: &str, default: &str, expected: (i64, &str)) {
    let found = read(text, country(default), Accept::Mobiles);
    let expected = PhoneNumber {
        digits: expected.0,
        country: expected.1.parse().unwrap(),
    };
    assert_eq!(found, Ok(expected), "{text:?} in {default:?}");
}

#[track_caller]
fn refused(text: &str, default: &str, reason: &str) {
    let fault = read(text, country(default), Accept::Mobiles).unwrap_err();
    let told = fault.to_string();
    assert!(told.contains(reason), "{text:?} in {default:?}: {told}");
}

const MOBILE: (i64, &str) = (393_401_234_567, "IT");

#[test]
fn numbers_are_read_in_both_forms() {
    is("+393401234567", "", MOBILE);
    is("+39 340 123-4567", "DE", MOBILE);
    is("340 123 4567", "IT", MOBILE);
    is("340\u{A0}1234567", "IT", MOBILE);
    is("393401234567", "IT", MOBILE);
    is("0039 340 1234567", "IT", MOBILE);
    is("0033612345678", "IT", (33_612_345_678, "FR"));
    is("07400 123456", "GB", (447_400_123_456, "GB"));
    is("+44 (0)7400 123456", "", (447_400_123_456, "GB"));
    is("(201) 555-0123", "US", (12_015_550_123, "US"));
    is("416 555 0123", "US", (14_165_550_123, "CA"));
    is("0170/1234567", "DE", (491_701_234_567, "DE"));
}

#[test]
fn the_decimal_zero_of_a_float_is_dropped() {
    is("335123456.0", "IT", (39_335_123_456, "IT"));
    is("3401234567.0", "IT", MOBILE);
    is("393401234567.0", "IT", MOBILE);
    is("1701234567.0", "DE", (491_701_234_567, "DE"));
    is("436641234567.0", "AT", (436_641_234_567, "AT"));
    is("+393401234567.0", "", MOBILE);
    refused("3.93401E+11", "IT", "scientific notation");
    refused("3,93401e11", "IT", "scientific notation");
    for decimals in [
        "340123456.5",
        "3401234567.00",
        "3401234567,0",
        "340.123.456.7",
    ] {
        refused(decimals, "IT", "decimals");
    }
    // Dots also group digits.
    is("340.123.4567", "IT", MOBILE);
}

#[test]
fn a_countrys_own_calling_code_needs_no_plus() {
    for text in ["491701234567", "0170 1234567"] {
        is(text, "DE", (491_701_234_567, "DE"));
    }
    is("4915123456789", "DE", (4_915_123_456_789, "DE"));
    is("4917012345678", "DE", (4_917_012_345_678, "DE"));
}

#[test]
fn other_numbers_than_mobile_ones_are_never_guessed() {
    refused("33612345678", "IT", "write +33612345678 for France");
    refused("34612345678", "IT", "write +34612345678 for Spain");
    refused("32470123456", "IT", "write +32470123456 for Belgium");
    refused("351912345678", "IT", "write +351912345678 for Portugal");
    refused("385911234567", "IT", "write +385911234567 for Croatia");
    refused("33612345678", "US", "write +33612345678 for France");
    refused("34012345678", "IT", "can't receive messages");
    refused("12345", "IT", "Is not a mobile number of Italy");
    // Customer numbers that would be landlines of Germany and Austria.
    refused("20240115", "DE", "landline of Germany");
    refused("12345678", "AT", "landline of Austria");
}

#[test]
fn one_cell_holds_one_number() {
    for two in [
        "340 1234567 / 8",
        "06 12345678/9",
        "3401234567/3407654321",
        "3401234567; 3407654321",
        "3401234567, 3407654321",
        "+393401234567 +393407654321",
        "+39 340 123 4567 ::: +39 06 1234567",
        "3401234567 oppure 3407654321",
        "3401234567\n3407654321",
    ] {
        refused(two, "IT", "more than one number");
    }
    for extension in [
        "+393401234567;ext=5",
        "06 1234567 ext. 12",
        "06 1234567 x12",
        "06 1234567#3",
    ] {
        refused(extension, "IT", "extension");
    }
}

#[test]
fn only_numbers_that_receive_messages_are_taken() {
    refused("06 12345678", "IT", "landline of Italy");
    refused("800123456", "IT", "toll-free number of Italy");
    refused("899123456", "IT", "premium-rate number of Italy");
    refused("+39899123456", "", "premium-rate number of Italy");
    refused("+3934012345670", "", "voicemail number of Italy");
    let landline = read("06 12345678", country("IT"), Accept::Landlines).unwrap();
    assert_eq!(landline.digits, 390_612_345_678);
    let landline = read("390612345678", country("IT"), Accept::Landlines).unwrap();
    assert_eq!(landline.digits, 390_612_345_678);
    let premium = read("+39899123456", None, Accept::Landlines);
    assert!(
        matches!(premium, Err(NumberFault::Service(..))),
        "{premium:?}"
    );
    // A number that was stored earlier can still be found.
    assert!(read("+39899123456", None, Accept::All).is_ok());
    // Some plans don't distinguish mobile numbers from landlines.
    is("+5255 1234 5678", "", (525_512_345_678, "MX"));
}

#[test]
fn the_text_markers_of_spreadsheets_are_ignored() {
    is("'+393401234567", "IT", MOBILE);
    is("=\"+393401234567\"", "IT", MOBILE);
    for text in [
        "''+393401234567",
        "=+393401234567",
        "=\"+393401234567",
        "\"+393401234567\"",
    ] {
        refused(text, "IT", "Is not a telephone number");
    }
}

#[test]
fn invisible_characters_are_ignored() {
    for text in [
        "\u{202A}+39 340 123 4567\u{202C}",
        "340\u{2011}123\u{2011}4567",
        "340\u{2013}123\u{2013}4567",
        "340\u{200B}1234567",
        "\u{FEFF}+393401234567",
        "340\u{2009}123\u{2009}4567",
        "340\u{2212}123\u{AD}4567",
    ] {
        is(text, "IT", MOBILE);
    }
}

#[test]
fn digits_of_every_script_have_their_values() {
    is(
        "+\u{669}\u{666}\u{666}\u{665}\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}",
        "",
        (966_501_234_567, "SA"),
    );
    is(
        "\u{FF0B}\u{FF13}\u{FF19}\u{FF13}\u{FF14}\u{FF10}\u{FF11}\u{FF12}\u{FF13}\u{FF14}\u{FF15}\u{FF16}\u{FF17}",
        "",
        MOBILE,
    );
    is("+39\u{663}401234567", "", MOBILE);
}

#[test]
fn old_numbers_become_current_ones() {
    is("+52 1 55 1234 5678", "", (525_512_345_678, "MX"));
    is("5215512345678", "MX", (525_512_345_678, "MX"));
    is("+229 97 12 34 56", "", (2_290_197_123_456, "BJ"));
    is("+229 01 97 12 34 56", "", (2_290_197_123_456, "BJ"));
    refused("+225 07 12 34 56", "", "31 January 2021");
}

#[test]
fn countries_outside_iso_have_numbers() {
    is("+38344123456", "", (38_344_123_456, "XK"));
    is("044 123 456", "XK", (38_344_123_456, "XK"));
    is("+24740123", "", (24_740_123, "AC"));
}

#[test]
fn an_invalid_number_is_refused_with_its_reason() {
    refused("3401234567", "", "no default country is given");
    refused("+3934", "", "not a valid telephone number");
    refused("+80012345678", "", "of a country");
    for text in [
        "",
        "+",
        "hello",
        "+39340ABCDEF",
        "tel:+393401234567",
        "++393401234567",
        "-3401234567",
        "x12",
    ] {
        refused(text, "IT", "Is not a telephone number");
    }
    refused(&"1".repeat(33), "IT", "Is not a telephone number");
    refused(&"+".repeat(200), "IT", "Is not a telephone number");
}
