//! Keys that are accepted and refused, and bytes that are sealed and can't be moved.

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{KeysError, Vault, VaultError};

// From `openssl rand -base64 32`.
const ONE: &str = "kq2sLZUUfa9JCpWl8gXBG5pJGqqI2bZCRk4FJ5ufnCM=";
const TWO: &str = "7rUuEwZ3pXg3pOS8B2wS0iK2bq7PqgkG1xyqSg0b8hM=";

fn vault(text: &str) -> Vault {
    Vault::parse(&SecretString::from(text)).unwrap()
}

fn secret(text: &str) -> SecretSlice<u8> {
    text.as_bytes().to_vec().into()
}

#[test]
fn sealed_bytes_open_for_their_owner_alone() {
    let vault = vault(&format!("new:{ONE}\nold:{TWO}"));
    let owner: [&[u8]; 2] = [b"account", b"provider"];
    let sealed = vault.seal(&owner, &secret("a token")).unwrap();
    assert_eq!(sealed.key_id, "new");
    assert!(!sealed.bytes.windows(5).any(|bytes| bytes == b"token"));
    let opened = vault.open(&owner, "new", &sealed.bytes).unwrap();
    assert_eq!(opened.expose_secret(), b"a token");

    let refused = |owner: &[&[u8]], key: &str, bytes: &[u8], why| {
        assert_eq!(vault.open(owner, key, bytes).unwrap_err(), why);
    };
    refused(
        &[b"another", b"provider"],
        "new",
        &sealed.bytes,
        VaultError::Altered,
    );
    refused(
        &[b"accountp", b"rovider"],
        "new",
        &sealed.bytes,
        VaultError::Altered,
    );
    refused(&owner, "old", &sealed.bytes, VaultError::Altered);
    refused(&owner, "none", &sealed.bytes, VaultError::UnknownKey);
    refused(&owner, "new", b"", VaultError::Altered);
    refused(&owner, "new", &sealed.bytes[..20], VaultError::Altered);
    for at in 0..sealed.bytes.len() {
        let mut altered = sealed.bytes.clone();
        altered[at] ^= 1;
        refused(&owner, "new", &altered, VaultError::Altered);
    }
}

#[test]
fn equal_secrets_are_sealed_differently() {
    let vault = vault(&format!("one:{ONE}"));
    let sealed = || vault.seal(&[b"account"], &secret("a token")).unwrap();
    assert_ne!(sealed(), sealed());
}

#[test]
fn an_old_key_opens_what_it_sealed() {
    let before = vault(&format!("old:{TWO}"));
    let sealed = before.seal(&[b"account"], &secret("a token")).unwrap();
    let after = vault(&format!(" new:{ONE} , old:{TWO}\r\n"));
    assert_eq!(after.current_key(), Some("new"));
    assert!(after.open(&[b"account"], "old", &sealed.bytes).is_ok());
    assert_eq!(
        Vault::default().seal(&[b"account"], &secret("a token")),
        Err(VaultError::NoKey)
    );
}

#[test]
fn keys_of_another_form_are_refused_and_not_repeated() {
    let refused = |text: &str, why: &str| {
        let error = Vault::parse(&SecretString::from(text)).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(!error.to_string().contains(ONE), "{error}");
    };
    refused("", "is empty");
    refused(ONE, "key 1");
    refused(&format!(":{ONE}"), "key 1");
    refused(&format!("a b:{ONE}"), "key 1");
    refused(&format!("{}:{ONE}", "i".repeat(65)), "key 1");
    refused(&format!("one:{ONE}\ntwo:{}", &ONE[4..]), "key 2");
    refused(&format!("one:{ONE},one:{TWO}"), "\"one\" twice");
    refused(
        "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "isn't random",
    );
    let many: Vec<String> = (0..33).map(|number| format!("{number}:{ONE}")).collect();
    refused(&many.join("\n"), "at most 32");
}

#[test]
fn a_file_holds_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, format!("new:{ONE}\nold:{TWO}\n")).unwrap();
    let vault = Vault::read(Some(&file)).unwrap();
    assert_eq!(format!("{vault:?}"), "Vault([\"new\", \"old\"])");
    let missing = Vault::read(Some(&folder.path().join("none")));
    assert!(matches!(missing, Err(KeysError::Source(_))));
    std::fs::write(&file, [0xff; 40]).unwrap();
    let binary = Vault::read(Some(&file));
    assert!(matches!(binary, Err(KeysError::Source(_))));
}
