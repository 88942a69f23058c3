//! The vault over a real store.

use super::*;
use std::fs;

const SECRET: &str = "sk-live-0123456789wxyz";

struct Place {
    store: Store,
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("tollgate.db")).unwrap();
        Self { store, dir }
    }

    fn open(&self, key: Option<&str>) -> Result<Vault, VaultError> {
        let environment = |name: &str| {
            assert_eq!(name, "TOLLGATE_VAULT_KEY");
            key.map(str::to_owned)
        };
        let settings = VaultSettings::default();
        Vault::open_with(self.store.clone(), &settings, self.dir.path(), &environment)
    }

    fn key_file(&self, key: &str) -> PathBuf {
        let path = self.dir.path().join("new.key");
        fs::write(&path, key).unwrap();
        path
    }
}

fn key(digit: &str) -> String {
    digit.repeat(64)
}

fn set(vault: &Vault, name: &str, text: &str) -> u32 {
    vault
        .set(name, &Secret::new(text.to_owned()), 1_000)
        .unwrap()
}

fn get(vault: &Vault, name: &str) -> Result<String, VaultError> {
    vault.get(name).map(|secret| secret.expose().to_owned())
}

fn message<T>(result: Result<T, VaultError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn the_newest_version_is_in_use_and_its_use_is_noted() {
    let place = Place::new();
    let vault = place.open(Some(&key("1"))).unwrap();
    assert_eq!(set(&vault, "openai", "first"), 1);
    assert_eq!(set(&vault, "openai", SECRET), 2);
    assert_eq!(Vault::list(&place.store).unwrap()[0].last_used_ms, None);
    assert_eq!(vault.secret("openai").unwrap().expose(), SECRET);
    let listed = Vault::list(&place.store).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].version, listed[0].versions), (2, 2));
    assert_eq!(listed[0].hint, "…wxyz");
    assert!(listed[0].last_used_ms.is_some());
    assert_eq!(Vault::remove(&place.store, "openai").unwrap(), 2);
    assert_eq!(
        vault.secret("openai").err(),
        Some(SecretError::Unknown("openai".into()))
    );
    assert!(Vault::remove(&place.store, "openai").is_err());
}

#[test]
fn no_file_of_the_store_holds_the_secret() {
    let place = Place::new();
    set(&place.open(None).unwrap(), "openai", SECRET);
    for entry in fs::read_dir(place.dir.path()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        let mut windows = content.windows(SECRET.len());
        assert!(!windows.any(|window| window == SECRET.as_bytes()));
    }
}

#[test]
fn a_short_secret_has_no_hint() {
    for (secret, expected) in [
        ("short", "…"),
        (SECRET, "…wxyz"),
        ("ééééééééééééabcd", "…abcd"),
    ] {
        assert_eq!(hint(secret), expected);
    }
}

#[test]
fn names_and_sizes_are_bounded() {
    let place = Place::new();
    let vault = place.open(None).unwrap();
    let text = || Secret::new(SECRET.to_owned());
    for name in ["", "a b", "a}", "a/b", "é", &"a".repeat(129)] {
        assert!(vault.set(name, &text(), 0).is_err(), "{name}");
    }
    for secret in [String::new(), "x".repeat(MAX_SECRET + 1)] {
        assert!(vault.set("a", &Secret::new(secret), 0).is_err());
    }
    assert!(place.store.secrets().unwrap().is_empty());
}

#[test]
fn a_record_with_any_byte_changed_does_not_open() {
    let place = Place::new();
    let vault = place.open(Some(&key("1"))).unwrap();
    set(&vault, "openai", SECRET);
    let kek = vault.kek.get().unwrap();
    let record = place.store.secret("openai").unwrap().unwrap();
    assert!(seal::open(kek, &record).is_ok());
    let fields: [fn(&mut tollgate_store::vault::SealedSecret) -> &mut Vec<u8>; 4] = [
        |record| &mut record.nonce,
        |record| &mut record.ciphertext,
        |record| &mut record.wraps[0].nonce,
        |record| &mut record.wraps[0].wrapped,
    ];
    for field in fields {
        for at in 0..field(&mut record.clone()).len() {
            let mut changed = record.clone();
            field(&mut changed)[at] ^= 1;
            assert!(seal::open(kek, &changed).is_err());
        }
        let mut shorter = record.clone();
        field(&mut shorter).pop();
        assert!(seal::open(kek, &shorter).is_err());
    }
    let changes: [fn(&mut tollgate_store::vault::SealedSecret); 5] = [
        |record| record.version = 2,
        |record| record.name = "openaj".into(),
        |record| record.hint = "…wxya".into(),
        |record| record.created_ms += 1,
        |record| record.wraps[0].kek = "0".repeat(16),
    ];
    for change in changes {
        let mut changed = record.clone();
        change(&mut changed);
        assert!(seal::open(kek, &changed).is_err());
    }
}

#[test]
fn records_swapped_between_names_or_versions_do_not_open() {
    let place = Place::new();
    let vault = place.open(Some(&key("1"))).unwrap();
    set(&vault, "openai", SECRET);
    set(&vault, "openai", "another");
    set(&vault, "anthropic", SECRET);
    let kek = vault.kek.get().unwrap();
    let records = place.store.secrets().unwrap();
    for record in &records {
        for other in records.iter().filter(|other| *other != record) {
            let mut swapped = record.clone();
            swapped.nonce.clone_from(&other.nonce);
            swapped.ciphertext.clone_from(&other.ciphertext);
            assert!(seal::open(kek, &swapped).is_err());
            swapped.wraps.clone_from(&other.wraps);
            assert!(seal::open(kek, &swapped).is_err());
        }
    }
}

#[test]
fn a_key_that_is_missing_or_wrong_is_an_error_when_there_are_secrets() {
    let place = Place::new();
    place.open(Some(&key("1"))).unwrap();
    set(&place.open(Some(&key("1"))).unwrap(), "openai", SECRET);
    let missing = message(place.open(None));
    assert!(missing.contains("TOLLGATE_VAULT_KEY") && missing.contains("vault.key"));
    let wrong = message(place.open(Some(&key("2"))));
    assert!(
        wrong.contains("wrong one") && wrong.contains("`openai`"),
        "{wrong}"
    );
    assert!(!wrong.contains(&key("2")));
    assert!(message(place.open(Some("passphrase"))).contains("not a key"));
    assert!(!place.dir.path().join("vault.key").exists());
    Vault::remove(&place.store, "openai").unwrap();
    assert!(place.open(Some(&key("2"))).is_ok());
}

#[test]
fn a_key_file_that_is_named_must_be_there() {
    let place = Place::new();
    let path = place.dir.path().join("absent.key");
    let settings = VaultSettings {
        key_file: Some(path.clone()),
    };
    let open = || Vault::open_with(place.store.clone(), &settings, place.dir.path(), &|_| None);
    assert!(message(open()).contains("absent.key"));
    fs::write(&path, key("3")).unwrap();
    set(&open().unwrap(), "openai", SECRET);
    assert_eq!(
        get(&place.open(Some(&key("3"))).unwrap(), "openai").unwrap(),
        SECRET
    );
}

#[test]
fn the_first_secret_makes_a_key_and_a_running_server_finds_it() {
    let place = Place::new();
    let server = place.open(None).unwrap();
    server.server_seen("one", 0).unwrap();
    assert_eq!(server.key_id(), None);
    set(&place.open(None).unwrap(), "openai", SECRET);
    assert_eq!(get(&server, "openai").unwrap(), SECRET);
    assert_eq!(get(&place.open(None).unwrap(), "openai").unwrap(), SECRET);
}

#[test]
fn both_keys_open_until_a_rotation_is_finished() {
    let place = Place::new();
    let old = place.open(Some(&key("1"))).unwrap();
    assert!(matches!(
        old.finish_rotation(None, 0),
        Err(VaultError::NoRotation)
    ));
    set(&old, "openai", "first");
    set(&old, "openai", SECRET);
    set(&old, "anthropic", "other");
    assert!(matches!(
        old.rotate(&place.key_file(&key("1"))),
        Err(VaultError::SameKey)
    ));
    assert_eq!(old.rotate(&place.key_file(&key("2"))).unwrap(), 3);
    let new = place.open(Some(&key("2"))).unwrap();
    for vault in [&old, &new] {
        assert_eq!(get(vault, "openai").unwrap(), SECRET);
        assert_eq!(get(vault, "anthropic").unwrap(), "other");
    }

    old.server_seen("one", 100_000).unwrap();
    let refused = message(new.finish_rotation(None, 160_000));
    assert!(refused.contains("`one`"), "{refused}");
    assert_eq!(get(&old, "openai").unwrap(), SECRET);

    let finished = new.finish_rotation(None, 160_001).unwrap();
    assert_eq!((finished.removed, finished.is_in_place), (3, true));
    assert_eq!(get(&new, "openai").unwrap(), SECRET);
    assert!(message(get(&old, "openai")).contains("wrong one"));
    assert!(place.open(Some(&key("1"))).is_err());
    assert!(matches!(
        new.finish_rotation(None, 0),
        Err(VaultError::NoRotation)
    ));
}

#[test]
fn a_rotation_finishes_with_the_old_key_in_use_only_if_the_new_one_is_at_hand() {
    let place = Place::new();
    let old = place.open(Some(&key("1"))).unwrap();
    set(&old, "openai", SECRET);
    let file = place.key_file(&key("2"));
    old.rotate(&file).unwrap();
    fs::write(&file, key("3")).unwrap();
    let refused = message(old.finish_rotation(None, 0));
    assert!(refused.contains("--new-key-file"), "{refused}");
    assert_eq!(get(&old, "openai").unwrap(), SECRET);
    fs::write(&file, key("2")).unwrap();
    let finished = old.finish_rotation(None, 0).unwrap();
    assert!(!finished.is_in_place);
    assert!(finished.belongs.contains("TOLLGATE_VAULT_KEY"));
    assert_eq!(
        get(&place.open(Some(&key("2"))).unwrap(), "openai").unwrap(),
        SECRET
    );
}

#[test]
fn a_secret_stored_during_a_rotation_opens_with_both_keys() {
    let place = Place::new();
    let old = place.open(Some(&key("1"))).unwrap();
    set(&old, "openai", "first");
    let file = place.key_file(&key("2"));
    old.rotate(&file).unwrap();
    set(&old, "openai", SECRET);
    set(&old, "late", SECRET);
    let new = place.open(Some(&key("2"))).unwrap();
    for name in ["openai", "late"] {
        assert_eq!(get(&old, name).unwrap(), SECRET);
        assert_eq!(get(&new, name).unwrap(), SECRET);
    }
    old.finish_rotation(None, 0).unwrap();
    assert_eq!(get(&new, "late").unwrap(), SECRET);
    assert!(get(&old, "late").is_err());
}

#[test]
fn a_secret_is_not_stored_where_one_of_two_keys_could_not_open_it() {
    let place = Place::new();
    let old = place.open(Some(&key("1"))).unwrap();
    set(&old, "openai", "first");
    let file = place.key_file(&key("2"));
    old.rotate(&file).unwrap();
    let late = || Secret::new(SECRET.to_owned());
    fs::write(&file, key("3")).unwrap();
    let refused = message(old.set("late", &late(), 1_000));
    assert!(refused.contains("new.key"), "{refused}");
    fs::remove_file(&file).unwrap();
    assert!(old.set("late", &late(), 1_000).is_err());

    let new = place.open(Some(&key("2"))).unwrap();
    old.server_seen("one", 100_000).unwrap();
    let refused = message(new.set("late", &late(), 160_000));
    assert!(refused.contains("`one`"), "{refused}");
    assert!(get(&new, "late").is_err());
    // Nobody is there any more who uses the old key alone.
    new.set("late", &late(), 160_001).unwrap();
    assert_eq!(get(&new, "late").unwrap(), SECRET);
}

#[test]
fn the_generated_key_opens_what_is_stored_with_the_new_one_during_a_rotation() {
    let place = Place::new();
    let old = place.open(None).unwrap();
    set(&old, "openai", "first");
    old.rotate(&place.key_file(&key("2"))).unwrap();
    old.server_seen("one", 1_000).unwrap();
    set(&place.open(Some(&key("2"))).unwrap(), "openai", SECRET);
    assert_eq!(get(&old, "openai").unwrap(), SECRET);
}
