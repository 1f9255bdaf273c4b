//! A file of heads reads back as it was written, and is refused if it was changed.

use domain::id::AccountId;
use ring::signature::KeyPair;
use uuid::Uuid;

use super::{
    Ed25519KeyPair, Head, Heads, HeadsFileError, PublicKey, SigningKey, Writer, bytes, hex,
};

fn key() -> (SigningKey, PublicKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = PublicKey(pair.public_key().as_ref().to_vec());
    (SigningKey(pair), public)
}

fn heads() -> Vec<Head> {
    let at = "2026-11-26T10:00:00.000001Z".parse().unwrap();
    let of = |number: u128, transactions| Head {
        account: AccountId::new(Uuid::from_u128(number)),
        transactions,
        hash: [u8::try_from(number).unwrap(); 32],
        at: (transactions > 0).then_some(at),
    };
    vec![of(1, 17), of(2, 0), of(3, 1)]
}

fn written(key: Option<&SigningKey>) -> String {
    let mut writer = Writer::new(Vec::new(), "2026-11-27T00:00:00Z".parse().unwrap()).unwrap();
    for head in heads() {
        writer.add(&head).unwrap();
    }
    String::from_utf8(writer.end(key).unwrap()).unwrap()
}

fn read(text: &str, key: Option<&PublicKey>) -> Result<Heads, HeadsFileError> {
    Heads::read_from(text.as_bytes(), key)
}

#[test]
fn a_file_reads_back() {
    let (signing, public) = key();
    for (text, key) in [
        (written(None), None),
        (written(Some(&signing)), Some(&public)),
    ] {
        assert_eq!(text.lines().count(), 5);
        let found = read(&text, key).unwrap();
        assert_eq!(found.is_signed, key.is_some());
        assert_eq!(found.accounts.into_values().collect::<Vec<_>>(), heads());
    }
}

#[test]
fn a_changed_file_is_refused() {
    let (signing, public) = key();
    let text = written(Some(&signing));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |left_out: usize| -> String {
        let kept = lines.iter().enumerate();
        kept.filter(|(place, _)| *place != left_out)
            .map(|(_, line)| *line)
            .collect()
    };
    let check = |text: &str, expected: &str| {
        let error = read(text, Some(&public)).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    check("", "cut off");
    check(&without(0), "line 1 isn't");
    check(&without(2), "was changed");
    check(&without(4), "cut off");
    check(text.trim_end(), "cut off");
    check(&format!("{text}{{}}\n"), "line 6 isn't");
    check(
        &text.replace("\"transactions\":17", "\"transactions\":16"),
        "was changed",
    );
    check(
        &text.replace("\"transactions\":17", "\"transactions\":-17"),
        "line 2 isn't",
    );
    check(&text.replace("\"heads\":1", "\"heads\":2"), "form 2");
    check(&text.replace("account_", "list_"), "line 2 isn't");
    check(&written(None), "isn't signed");
    check(&"x".repeat(10_000), "line 1 isn't");
    // Whoever changes the lines can write another digest, but no signature.
    let other = written(None).replace("\"transactions\":17", "\"transactions\":16");
    let digest = read(&other, None).unwrap_err();
    assert!(matches!(digest, HeadsFileError::Changed));
    let (_, stranger) = {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
        let public = PublicKey(pair.public_key().as_ref().to_vec());
        (SigningKey(pair), public)
    };
    let by_another = read(&text, Some(&stranger)).unwrap_err();
    assert!(matches!(by_another, HeadsFileError::Signature));
}

#[test]
fn hexadecimal_digits_read_back() {
    let some = [0, 1, 127, 128, 255];
    assert_eq!(bytes(&hex(&some)), Some(some));
    for text in ["", "00", "000000000", "00000000000000", "00000000é"] {
        assert_eq!(bytes::<5>(text), None, "{text}");
    }
}
