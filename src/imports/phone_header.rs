//! Which column holds the phone numbers, by what the first row calls it.
//!
//! Here: the words of such names in ten languages, as programs export them. Every word of a header must be known: a
//! header with a word that is not says something else (`SMS consent`, `Phone 1 - Label`), and a wrong column whose
//! cells happen to be numbers would be written to strangers. Not here: what the cells say, which is `columns`.

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
/// Words for what a message is sent by: the column may hold a number, or whether messages are wanted.
const CHANNEL: &str = "sms whatsapp";
/// Words for a number, which are written together with the others, as in `Telefonnummer`.
const NUMBER: &str = "n nbr no nr nro num numer numero number nummer αριθμοσ номер";
/// Words that add nothing.
const NEUTRAL: &str = "a and da das de deine del della der des di die do du e ein el enter for format full fur \
    glowny haupt i ihre il inserisci is la le main my obbligatorio of optional per please podstawowy pour primair \
    primaire primaria primario primary principal principale required s sanitized su sua suo the tu tua tuo valeur \
    valor valore value van voor votre waarde wartosc wert what your ο το τιμη κυριο основнои значение ваш";
/// Words that say whose number it is, or where it rings, and how far they are from what one writes to.
const QUALIFIERS: [(&str, i64); 5] = [
    (
        "account billing buyer client cliente clienti contact contacto contato contatto customer facturacion \
        facturation fatturazione faturacao guest klant klient kontakt kunde kunden lead member order ordine patient \
        person persona personal personale personnel perso recipient rechnung student user",
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
/// Names of a number of any kind: they say enough only if there is no other column.
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
/// Names without any of the words above.
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
/// No name of a column has more words.
const MAX_WORDS: usize = 8;
/// The longest word that is cut into known ones, in bytes.
const MAX_COMPOUND_BYTES: usize = 48;

/// What the headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// This column holds the numbers.
    One(usize),
    /// One of these may, the likeliest first.
    Perhaps(Vec<usize>),
    /// None is named so.
    None,
}

/// Finds the column of the numbers among headers. A mobile number goes before any other, one without a qualifier
/// before one with (`Phone` before `Default Address Phone`), the leftmost before its likes.
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

/// What a name says, the least telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// What messages are sent by, and no more.
    Channel,
    /// A phone.
    Phone,
    /// A mobile phone.
    Mobile,
}

/// What a name says, and how far it is from what one writes to.
fn meaning(words: &[String]) -> Option<(Kind, i64)> {
    if words.is_empty() || words.len() > MAX_WORDS {
        return None;
    }
    let whole = words.join(" ");
    if PHRASES.contains(&whole.as_str()) {
        return Some((Kind::Phone, 0));
    }
    // "SMS number" is one; "number of SMS" and, in Latin languages, "numero SMS" may be how many.
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
    // The number that gets SMS is the one to write to.
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

/// The known words that a word is made of, such as `telefon` and `nummer`; `None` if it is made of others too.
fn parts(word: &str) -> Option<Vec<Part>> {
    if let Some(part) = known(word) {
        return Some(vec![part]);
    }
    if word.len() > MAX_COMPOUND_BYTES {
        return None;
    }
    // For each place in the word, how it is made up to there, if it is.
    let mut made: Vec<Option<Vec<Part>>> = vec![None; word.len() + 1];
    if let Some(start) = made.first_mut() {
        *start = Some(Vec::new());
    }
    for end in 1..=word.len() {
        // The longest piece first.
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

/// Whether a piece of a word says anything: `fondo` is no `fon` of `do`.
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
    // A format of the ITU that only numbers have.
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
    // A third phone, not the year of a column.
    let position = word
        .parse()
        .ok()
        .filter(|position| (1..10).contains(position));
    position.map(Part::Position)
}

/// The words of a header: in lower case, without accents, cut at whatever is no letter or digit, where a digit
/// follows a letter, and where a capital follows a small letter.
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
            // An apostrophe begins a word of its own, as a space does.
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
mod tests {
    use super::{Named, find};

    #[track_caller]
    fn is_found(header: &str, found: &Named) {
        assert_eq!(find(header.split(',')), *found, "{header}");
    }

    /// Exports of shops, of programs for campaigns and customers, and of address books.
    #[test]
    fn common_exports_name_their_number() {
        for (header, column) in [
            // Shopify: customers, orders.
            (
                "First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,\
                Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Note,Tax Exempt,Tags",
                7,
            ),
            (
                "Name,Email,Financial Status,Billing Name,Billing Zip,Billing Phone,Shipping Name,Shipping Phone,Notes,Phone",
                9,
            ),
            (
                "Name,Email,Billing Name,Billing Zip,Billing Phone,Shipping Phone,Notes",
                4,
            ),
            // WooCommerce and its export plugins.
            ("customer_id,billing_phone", 1),
            (
                "order_id,order_number,billing_first_name,billing_postcode,billing_phone,shipping_phone",
                4,
            ),
            (
                "Order Number,Customer Note,Phone (Billing),City (Billing)",
                2,
            ),
            ("id,shipping phone,total", 1),
            // Klaviyo.
            (
                "Email,Klaviyo ID,First Name,Phone Number,SMS Consent,SMS Consent Timestamp,Phone Number Country Code",
                3,
            ),
            // Mailchimp.
            (
                "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,LEID",
                4,
            ),
            (
                "Email Address,First Name,SMS Phone Number,SMS Phone Marketing Status",
                2,
            ),
            // HubSpot.
            (
                "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Lead Status",
                5,
            ),
            // Brevo.
            (
                "EMAIL,LASTNAME,FIRSTNAME,DOUBLE_OPT-IN,LANDLINE_NUMBER,PHONE",
                5,
            ),
            // Odoo.
            ("Name,Phone,Mobile,Email,Salesperson", 2),
            ("Nome,Telefono,Cellulare,E-mail,Addetto vendite", 2),
            ("name,email,phone_sanitized", 2),
            // Google contacts.
            (
                "First Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value",
                2,
            ),
            ("Name,Phone 1 - Type,Phone 2 - Value,Phone 1 - Value", 3),
            // Outlook.
            (
                "First Name,E-mail Address,Home Fax,Primary Phone,Home Phone,Business Phone,Car Phone,Pager",
                3,
            ),
            (
                "First Name,Primary Phone,Home Phone,Home Phone 2,Mobile Phone,Business Phone",
                4,
            ),
            (
                "Nome,Telefono principale,Abitazione,Cellulare,Fax (uff.)",
                3,
            ),
            (
                "Vorname,Telefon geschäftlich,Telefon privat,Mobiltelefon,Fax geschäftlich",
                3,
            ),
            (
                "Prénom,Télécopie (bureau),Téléphone (bureau),Téléphone (domicile),Tél. mobile",
                4,
            ),
            ("Nombre,Teléfono del trabajo,Particular,Teléfono móvil", 3),
            ("Nome,Telefone Comercial,Telefone Residencial,Celular", 3),
            (
                "Voornaam,Telefoon op werk,Telefoon thuis,Mobiele telefoon",
                3,
            ),
            ("Imię,Telefon służbowy,Telefon domowy,Telefon komórkowy", 3),
            ("Имя,Рабочий телефон,Домашний телефон,Мобильный телефон", 3),
            ("Όνομα,Τηλέφωνο εργασίας,Τηλέφωνο οικίας,Κινητό τηλέφωνο", 3),
        ] {
            is_found(header, &Named::One(column));
        }
        is_found(
            "EMAIL,LASTNAME,SMS,WHATSAPP,LANDLINE_NUMBER",
            &Named::Perhaps(vec![2, 3]),
        );
    }

    #[test]
    fn names_of_ten_languages_are_known() {
        for name in "Phone|phone|PHONE|phone_number|phoneNumber|PhoneNumber|PHONENUMBER|Phone No.|Tel|Tel. no.|Telephone|\
            mobile|Mobile number|mobile_phone_number|MobilePhone|mobilenumber|Cell|Cell phone|cellphonenumber|MSISDN|\
            Phone Number (SMS)|SMS number|customer_phone|Customer's phone|Contact number|E.164|Phone (E.164)|\
            What is your phone number?|WhatsApp Phone Number|Phone 1|Your mobile number (required)|\
            telefono|Numero di telefono|N. telefono|Num. tel.|Cellulare|Tel. cellulare|Numero cellulare|\
            numero_di_cellulare|Telefono mobile|Recapito telefonico|Cell.|Numero di contatto|Telefono (cellulare)|\
            Telefon|Telefonnummer|Tel.-Nr.|Rufnummer|Rufnummer Mobil|Handynummer|Handy|Handy-Nr.|Mobilnummer|\
            Mobilfunknummer|Mobil|Telefon (mobil)|Kontaktnummer|\
            Téléphone|Numéro de téléphone|N° de téléphone|Tél.|Portable|Téléphone portable|Numéro de portable|\
            Teléfono|Número de teléfono|Nº de teléfono|Móvil|Teléfono móvil|Celular|Número de celular|Tfno.|\
            Telefone|Número de telefone|Telemóvel|Número de telemóvel|Telefone celular|\
            Telefoon|Telefoonnummer|Mobiel|Mobiel nummer|Gsm-nummer|Mobiele telefoon|\
            Numer telefonu|Nr telefonu|Telefon kom.|Komórka|Numer telefonu komórkowego|Tel. komórkowy|\
            Номер телефона|Телефон|Мобильный|Моб. телефон|Сотовый телефон|Тел.|№ телефона|\
            Τηλέφωνο|Κινητό|Αριθμός τηλεφώνου|ΤΗΛ.|ΚΙΝΗΤΟ|Κιν. τηλέφωνο"
            .split('|')
        {
            is_found(&format!("id,{name}"), &Named::One(1));
        }
    }

    #[test]
    fn other_names_are_none() {
        for name in "SMS consent|Accepts SMS Marketing|Phone 1 - Label|Phone 1 - Type|Phone Number Country Code|Number|No|\
            Phone model|Home|Fax|Business Fax|Pager|Mobile app|Telefono fisso|Preferred phone|Number of SMS|Numero SMS|\
            SMS_OPT_IN|customer_id|Contact|Contact owner|Headphone|Microphone|Cellar|iPhone|phone_verified|Mobility|Fondo|\
            Phone 2024|Hoofdtelefoon|||".split('|') {
            is_found(&format!("id,{name}"), &Named::None);
        }
        is_found("Number", &Named::One(0));
        is_found(",,numero,", &Named::One(2));
        is_found("Nome,Cognome", &Named::None);
        is_found("WhatsApp,SMS,Tel", &Named::One(2));
    }
}
