//! Detects the column of phone numbers by its header.
//!
//! Here: the words of such headers in ten languages, as exported by common programs. Every word of
//! a header must be known: an unknown word gives it another meaning (`SMS consent`, `Phone 1 -
//! Label`), and with a wrong column that happens to hold numbers, messages would go to strangers.
//! Not here: the contents of cells, which `header` examines.

use std::cmp::Reverse;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words for a mobile number.
const MOBILE: &str = "cel cell cellphone cellular cellulare cellulari celular celulares gsm handy komorka komorkowy \
    komorkowego komorkowa kom mob mobiel mobiele mobil mobile mobiles mobilfunk mobilfunknummer mobilnummer \
    mobilrufnummer mobiltelefon mobilu movil moviles msisdn natel portable smartphone telefonino telemovel \
    telemoveis tlm κιν κινητο κινητου моб мобильныи мобильного мобильная мобила переноснои сот сотовыи сотового";
/// Words for any phone number.
const PHONE: &str = "fon fone phone phones rufnummer tel telefon telefone telefoon telefono telefonico telefonica \
    telefonu telephone telephonique telf tfno tlf tlfno τηλ τηλεφωνο τηλεφωνου тел телефон телефона телефонныи";
/// Channel names: the column may hold a number, or whether messages are wanted.
const CHANNEL: &str = "sms whatsapp";
/// Words for "number", which may be joined to the others, as in `Telefonnummer`.
const NUMBER: &str = "n nbr no nr nro num numer numero number nummer αριθμοσ номер";
/// Words without influence.
const NEUTRAL: &str = "a and da das de deine del della der des di die do du e ein el enter for format full fur \
    glowny haupt ihre il inserisci is la le main my obbligatorio of optional per please podstawowy pour primair \
    primaire primaria primario primary principal principale required s sanitized su sua suo the tu tua tuo valeur \
    valor valore value van voor votre waarde wartosc wert what your ο το τιμη κυριο основнои значение ваш";
/// Words for the number's owner or place, each with a penalty: how unlikely it is the number to
/// write to.
const QUALIFIERS: [(&str, i64); 5] = [
    (
        "account billing buyer client cliente clienti contact contacto contato contatto customer facturacion \
        facturation fatturazione faturacao guest klant klient kontakt kunde kunden lead member order ordine patient \
        person persona personal personale personnel perso recapito recipient rechnung student user",
        1,
    ),
    (
        "address adresse default delivery direccion entrega envio indirizzo lieferung livraison shipping spedizione \
        consegna",
        2,
    ),
    (
        "abitazione casa domicile domicilio domowy home maison particular prive privat private privato privata \
        residencial thuis домашнии οικιασ",
        3,
    ),
    (
        "arbeit azienda bedrijf bureau buro business comercial company dienst dienstlich empresa escritorio firma \
        geschaftlich lavoro office oficina op praca sluzbowy societe trabajo trabalho travail ufficio werk work \
        zakelijk рабочии εργασιασ",
        4,
    ),
    (
        "alternative altro altra andere anders autre inny other otro outro second secondario secondary weitere \
        weiteres αλλο другои",
        5,
    ),
];
/// Headers for a number of any kind: they suffice only if there is no other candidate.
const ANY_NUMBER: [&str; 12] = [
    "number",
    "numbers",
    "no",
    "nr",
    "numero",
    "numeri",
    "nummer",
    "numer",
    "номер",
    "αριθμοσ",
    "recipient",
    "destinatario",
];
/// Headers without any of the words above.
const PHRASES: [&str; 10] = [
    "contact number",
    "contact no",
    "contact nr",
    "numero di contatto",
    "numero contatto",
    "numero de contacto",
    "numero de contato",
    "numero de contact",
    "kontaktnummer",
    "contactnummer",
];
/// No column name has more words.
const MAX_WORDS: usize = 8;
/// The longest word that is split into known ones, in bytes.
const MAX_COMPOUND_BYTES: usize = 48;

/// The result of examining the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// This column holds the numbers.
    One(usize),
    /// One of these may hold them, the likeliest first.
    Perhaps(Vec<usize>),
    /// No header names a number.
    None,
}

/// Finds the column of numbers among headers. A mobile number is preferred to any other, a header
/// without a qualifier to one with (`Phone` to `Default Address Phone`), and the leftmost among
/// equals.
pub(super) fn find<'a>(headers: impl Iterator<Item = &'a str>) -> Named {
    let mut names: Vec<(Kind, i64, usize)> = Vec::new();
    let mut columns = 0;
    let mut any_number = None;
    for (index, header) in headers.enumerate() {
        columns += usize::from(!header.is_empty());
        let words = words(header);
        if let Some((kind, distance)) = meaning(&words) {
            names.push((kind, distance, index));
        } else if ANY_NUMBER.contains(&words.join(" ").as_str()) {
            any_number = Some(index);
        }
    }
    names.sort_by_key(|(kind, distance, index)| (Reverse(*kind), *distance, *index));
    match (names.first(), any_number) {
        (Some((Kind::Channel, ..)), _) => {
            Named::Perhaps(names.iter().map(|(.., index)| *index).collect())
        }
        (Some((.., index)), _) => Named::One(*index),
        (None, Some(index)) if columns == 1 => Named::One(index),
        (None, _) => Named::None,
    }
}

/// Whether a header names a column of phone numbers.
pub(super) fn names_a_number(header: &str) -> bool {
    meaning(&words(header)).is_some()
}

/// The kind of number that a header names, the weakest evidence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A channel name only.
    Channel,
    /// A phone.
    Phone,
    /// A mobile phone.
    Mobile,
}

/// The kind of number that a header names, and its penalty.
fn meaning(words: &[String]) -> Option<(Kind, i64)> {
    if words.is_empty() || words.len() > MAX_WORDS {
        return None;
    }
    let whole = words.join(" ");
    if PHRASES.contains(&whole.as_str()) {
        return Some((Kind::Phone, 0));
    }
    // "SMS number" is one; "number of SMS" and, in Romance languages, "numero SMS" may be a count.
    if matches!(whole.as_str(), "sms" | "whatsapp") {
        return Some((Kind::Channel, 0));
    }
    if matches!(
        whole.as_str(),
        "sms number" | "whatsapp number" | "sms nummer"
    ) {
        return Some((Kind::Mobile, 1));
    }
    let mut found: Option<Kind> = None;
    let mut is_channel = false;
    let mut distance = 0;
    for word in words {
        for part in parts(word)? {
            match part {
                Part::Mobile => found = Some(Kind::Mobile),
                Part::Phone => found = found.max(Some(Kind::Phone)),
                Part::Position(position) => distance += position - 1,
                Part::Qualifier(further) => distance += further,
                Part::Channel => is_channel = true,
                Part::Number | Part::Neutral => {}
            }
        }
    }
    // The number that receives SMS is the one to write to.
    if is_channel && found == Some(Kind::Phone) {
        return Some((Kind::Mobile, distance + 1));
    }
    found.map(|kind| (kind, distance))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Mobile,
    Phone,
    Channel,
    Number,
    Neutral,
    Qualifier(i64),
    Position(i64),
}

/// Splits a word into known ones, such as `telefon` and `nummer`; `None` if a part is unknown.
fn parts(word: &str) -> Option<Vec<Part>> {
    if let Some(part) = known(word) {
        return Some(vec![part]);
    }
    if word.len() > MAX_COMPOUND_BYTES {
        return None;
    }
    // For each position in the word, a split of the text before it, if there is one.
    let mut made: Vec<Option<Vec<Part>>> = vec![None; word.len() + 1];
    if let Some(start) = made.first_mut() {
        *start = Some(Vec::new());
    }
    for end in 1..=word.len() {
        // The longest part first.
        let found = (0..end).find_map(|start| {
            let before = made.get(start)?.as_ref()?;
            let piece = word.get(start..end)?;
            let part = known(piece).filter(|part| joins(*part, piece))?;
            Some([before.as_slice(), &[part]].concat())
        });
        if let Some(place) = made.get_mut(end) {
            *place = found;
        }
    }
    made.pop().flatten()
}

/// Whether a part may occur in a compound: `fondo` is not `fon` and `do`.
fn joins(part: Part, piece: &str) -> bool {
    match part {
        Part::Mobile | Part::Phone | Part::Channel => piece.len() >= 3,
        Part::Number => piece.len() >= 2,
        Part::Qualifier(_) => piece.len() >= 4,
        Part::Neutral => piece == "haupt",
        Part::Position(_) => false,
    }
}

fn known(word: &str) -> Option<Part> {
    let is_in = |words: &str| words.split(' ').any(|known| known == word);
    if is_in(MOBILE) {
        return Some(Part::Mobile);
    }
    // E.164, an ITU format that only phone numbers have.
    if is_in(PHONE) || word == "164" {
        return Some(Part::Phone);
    }
    if is_in(CHANNEL) {
        return Some(Part::Channel);
    }
    if is_in(NUMBER) {
        return Some(Part::Number);
    }
    if is_in(NEUTRAL) {
        return Some(Part::Neutral);
    }
    let qualifier = QUALIFIERS.iter().find(|(words, _)| is_in(words));
    if let Some((_, further)) = qualifier {
        return Some(Part::Qualifier(*further));
    }
    // A position such as a third phone, not a year.
    let position = word
        .parse()
        .ok()
        .filter(|position| (1..10).contains(position));
    position.map(Part::Position)
}

/// The words of a header: in lower case, without accents, split at non-alphanumeric characters,
/// where a digit follows a letter, and where a capital follows a small letter.
fn words(header: &str) -> Vec<String> {
    #[derive(PartialEq)]
    enum Before {
        Gap,
        Small,
        Capital,
        Digit,
    }
    let mut words: Vec<String> = Vec::new();
    let mut before = Before::Gap;
    // One word despite its inner capital.
    let header = header.replace("WhatsApp", "Whatsapp");
    for character in header.nfkd() {
        if is_combining_mark(character) {
            continue;
        }
        let now = if character.is_numeric() {
            Before::Digit
        } else if character.is_uppercase() {
            Before::Capital
        } else if character.is_alphabetic() {
            Before::Small
        } else {
            // Like a space, an apostrophe starts a new word.
            before = Before::Gap;
            continue;
        };
        let cut = match (&before, &now) {
            (Before::Gap, _) | (Before::Small, Before::Capital) => true,
            (Before::Digit, now) => *now != Before::Digit,
            (_, now) => *now == Before::Digit,
        };
        if cut {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            match character {
                'ł' | 'Ł' => word.push('l'),
                'ø' | 'Ø' => word.push('o'),
                'ς' => word.push('σ'),
                'ß' => word.push_str("ss"),
                other => word.extend(other.to_lowercase()),
            }
        }
        before = now;
    }
    words
}

#[cfg(test)]
mod tests;
