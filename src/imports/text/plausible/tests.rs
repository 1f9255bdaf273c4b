//! Words of many languages in common encodings, and symbols that are not letters.

use std::io::Write;

use encoding_rs::{
    BIG5, EUC_KR, GBK, MACINTOSH, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use super::{
    super::{code_page_850, encoding::detect},
    Charset, best,
};

const WORDS: [(&str, &str); 7] = [
    (
        "it",
        "Nicolò Libertà città perché caffè così più già Forlì Cefalù Cantù Mondovì Nardò Salò Università \
        società virtù lunedì Totò Patanè Calì Barillà Carrà",
    ),
    (
        "fr",
        "François Noël Zoë Hélène Anaïs Gaëlle Jérôme Benoît Éléonore Évelyne façon hôtel Aurélie Stéphane \
        André René Loïc Maël Château forêt Nîmes Orléans Besançon Angoulême Côme Céline Frédéric",
    ),
    (
        "de",
        "Müller Jürgen Straße Björn Köln München Österreich Weiß Größe Günther Jörg Käthe Schröder Krämer Bär \
        Übach Ärzte Fußball Spaß Groß Nürnberg Düsseldorf",
    ),
    (
        "es",
        "José María Núñez Peña Muñoz Ramón Andrés Martín García López Pérez Sánchez Fernández Álvarez Íñigo \
        Ángel Óscar Málaga Cádiz León España niño pingüino Raúl Jesús Begoña está aquí",
    ),
    (
        "pt",
        "João Conceição Gonçalves São Simões Inês Antônio Mônica Fátima Guimarães Ribeirão Brasília Açores \
        Coração Magalhães Araújo Luís irmã maçã pão avó",
    ),
    (
        "nordic",
        "Åse Bjørn Søren Jørgensen Malmö Håkan Göran Sjöberg Åkesson Mærsk Ødegård Märta Öberg Møller",
    ),
    (
        "nl",
        "Daniël Zoë België Renée Noël Chloë Loïs Joël Raphaël Andrée cafés één",
    ),
];

fn written(text: &str, charset: Charset) -> Vec<u8> {
    let mut upper = Vec::new();
    code_page_850::decode(&(0x80..=0xFF).collect::<Vec<u8>>(), &mut upper);
    let upper: Vec<char> = String::from_utf8(upper).unwrap().chars().collect();
    match charset {
        Charset::Guessed(encoding) | Charset::Declared(encoding) => {
            encoding.encode(text).0.into_owned()
        }
        Charset::CodePage850 => text
            .chars()
            .map(|character| {
                let place = upper.iter().position(|known| *known == character);
                place.map_or(character as u8, |place| u8::try_from(0x80 + place).unwrap())
            })
            .collect(),
    }
}

fn found(bytes: &[u8]) -> Option<Charset> {
    best(Charset::Guessed(WINDOWS_1252), |charset| {
        charset.decode(bytes)
    })
}

/// Files of four words each: nearly all are detected correctly, and hardly any wrongly.
#[test]
fn a_few_words_reveal_the_encoding() {
    for charset in [
        Charset::Guessed(WINDOWS_1252),
        Charset::Guessed(MACINTOSH),
        Charset::CodePage850,
    ] {
        let (mut files, mut right, mut wrong) = (0, 0, Vec::new());
        for (_, words) in WORDS {
            let words: Vec<&str> = words.split(' ').collect();
            for start in 0..words.len() {
                for step in [1, 3, 5] {
                    let some = (0..4).map(|at| words[(start + at * step) % words.len()]);
                    let text = some
                        .map(|word| format!("+39340,{word}\n"))
                        .collect::<String>();
                    files += 1;
                    match found(&written(&text, charset)) {
                        Some(found) if found == charset => right += 1,
                        Some(_) => wrong.push(text),
                        None => {}
                    }
                }
            }
        }
        let is_web = charset == Charset::Guessed(WINDOWS_1252);
        assert!(
            wrong.len() * 200 <= files,
            "{charset:?}: {} of {files}: {wrong:?}",
            wrong.len()
        );
        assert!(
            right * 100 >= files * if is_web { 100 } else { 90 },
            "{charset:?}: {right} of {files}"
        );
    }
}

/// The same through the detector, whose guess from so little text may be anything: one word and
/// four of them.
#[test]
fn the_detectors_guess_from_a_few_words_is_checked() {
    let mut wrong = Vec::new();
    let (mut files, mut refused) = (0, 0);
    for (_, words) in WORDS {
        let words: Vec<&str> = words.split(' ').collect();
        for start in 0..words.len() {
            for count in [1, 4] {
                let some = (0..count).map(|at| words[(start + at) % words.len()]);
                let text: String = some.map(|word| format!("+39340,{word}\r\n")).collect();
                for charset in [
                    Charset::Guessed(WINDOWS_1252),
                    Charset::Guessed(MACINTOSH),
                    Charset::CodePage850,
                ] {
                    let mut file = tempfile::tempfile().unwrap();
                    let bytes = [b"phone,name\r\n".to_vec(), written(&text, charset)].concat();
                    file.write_all(&bytes).unwrap();
                    files += 1;
                    match detect(&mut file) {
                        Ok(found) if found.decode(&bytes).contains(&text) => {}
                        Ok(found) => wrong.push((found.decode(&bytes), charset, found)),
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(
        wrong.len() * 50 <= files,
        "{} of {files}, {refused} refused: {wrong:#?}",
        wrong.len()
    );
}

/// Words of other languages do not suffer: they are decoded with the detector's guess, or refused.
#[test]
fn words_of_central_europe_and_iceland_keep_the_detectors_guess() {
    for (encoding, words) in [
        (
            WINDOWS_1250,
            "Dušan Uroš Tomáš Lukáš Boštjan Matjaž Škoda Željko Žarko Živa Božena Božo Jiří Žofie Zdeněk Łukasz Dąbrowska \
            Świętosława Béla Győr Hódmezővásárhely Mirjaša Đorđe Nataša Ružica",
        ),
        (
            WINDOWS_1252,
            "Dušan Uroš Tomáš Škoda Željko Žarko Þór Guðrún Sigurðsson Ýmir Eyþór août goût Œuvre cœur",
        ),
        (
            WINDOWS_1254,
            "Ayşe Gülşen Doğan Erdoğan İstanbul Yılmaz Çiğdem Öztürk",
        ),
        (
            WINDOWS_1257,
            "Jānis Bērziņš Šiauliai Žydrūnas Kārlis Õnne Mäki Čiurlionis",
        ),
    ] {
        for word in words.split(' ') {
            let guess = Charset::Guessed(encoding);
            let bytes = written(&format!("+39340,{word}\n"), guess);
            let found = best(guess, |charset| charset.decode(&bytes));
            assert!(
                found.is_none_or(|found| found == guess),
                "{word}: {found:?}"
            );
        }
        let all = written(&words.replace(' ', "\n"), Charset::Guessed(encoding));
        let found = best(Charset::Guessed(encoding), |charset| charset.decode(&all));
        assert_eq!(found, Some(Charset::Guessed(encoding)), "{words}");
    }
}

#[test]
fn words_of_other_scripts_are_decoded() {
    for (encoding, words) in [
        (
            WINDOWS_1251,
            "Иванов Наташа Сергей Кузнецова «Мир» № 5 Алёна",
        ),
        (WINDOWS_1253, "Παπαδόπουλος Γεωργία Νίκος Αθήνα Ελένη"),
        (SHIFT_JIS, "たなか すずき 山田太郎 花子 東京"),
        (GBK, "李娜 王伟 张敏 北京 上海"),
        (BIG5, "陳怡君 林志明 台北 高雄 黃美玲"),
        (EUC_KR, "김민수 이영희 서울 부산 박지훈"),
        (
            WINDOWS_1250,
            "Łukasz Dąbrowska Świętosława Źdźbło Gdańsk Poznań",
        ),
        (WINDOWS_1250, "Dušan Kovačić Božena Jiří Dvořák Tomáš Hrčak"),
    ] {
        let text: String = words
            .split(' ')
            .map(|word| format!("+39340;{word}\r\n"))
            .collect();
        let mut file = tempfile::tempfile().unwrap();
        let bytes = [
            b"phone;name\r\n".to_vec(),
            encoding.encode(&text).0.into_owned(),
        ]
        .concat();
        file.write_all(&bytes).unwrap();
        let found = detect(&mut file).map(|found| found.decode(&bytes));
        // Refused at worst: central Europe's encodings have most bytes in common.
        let is_refused = found.is_err() && encoding == WINDOWS_1250;
        assert!(
            is_refused || found.as_ref().is_ok_and(|read| read.ends_with(&text)),
            "{words}: {found:?}"
        );
    }
}

#[test]
fn symbols_of_windows_1252_are_kept() {
    for text in [
        "50 €",
        "ciao…",
        "“Ciao”",
        "„Spaß“",
        "«È»",
        "caffè – bar",
        "Via Roma n° 5",
        "1º piano",
        "Señor® ok",
        "Adidas™",
        "l’Aquila",
        "dell’arte",
        "20°C",
        "prix : 5 €",
        "100€",
        "£5",
        "KÖ“",
        "L’OREAL",
        "D’Angelo",
        "Anna’s",
        "È",
    ] {
        let charset = Charset::Guessed(WINDOWS_1252);
        let line = format!("+39340,{text}\r\n");
        assert_eq!(found(&written(&line, charset)), Some(charset), "{text}");
    }
}
