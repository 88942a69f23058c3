//! A file changes while the process runs.

use super::{OneSecret, environment};
use crate::config::{Origin, Sources, Watcher, load, reload};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const SOURCES: Sources<'static> = Sources {
    environment: &environment,
    secrets: &OneSecret,
    simulated: None,
};

fn config(more: &str) -> String {
    format!(
        "providers: {{ p: {{ kind: openai, {more} }} }}\nroutes: {{ r: {{ targets: [{{ provider: p }}] }} }}\n"
    )
}

#[test]
fn a_good_change_is_a_new_snapshot_and_a_bad_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.yaml");
    let origin = Origin::File(path.clone());
    std::fs::write(&path, config("organization: one")).unwrap();
    let first = load(&origin, &SOURCES).ok().unwrap();

    std::fs::write(&path, config("organization: two")).unwrap();
    let second = reload(&origin, &first, &SOURCES).ok().unwrap();
    assert!(second.notices.is_empty());
    assert_ne!(second.snapshot.hash, first.hash);
    let organization =
        |snapshot: &crate::config::Snapshot| snapshot.provider("p").unwrap().organization.clone();
    assert_eq!(organization(&second.snapshot).as_deref(), Some("two"));
    assert_eq!(organization(&first).as_deref(), Some("one"));

    std::fs::write(&path, config("organisation: three")).unwrap();
    let problems = reload(&origin, &second.snapshot, &SOURCES).err().unwrap();
    assert_eq!(
        problems[0].message,
        "unknown field (did you mean `organization`?)"
    );

    std::fs::remove_file(&path).unwrap();
    let problems = reload(&origin, &second.snapshot, &SOURCES).err().unwrap();
    assert!(
        problems[0].message.starts_with("cannot be read"),
        "{}",
        problems[0]
    );
}

#[test]
fn what_takes_a_restart_is_named_and_keeps_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.yaml");
    let origin = Origin::File(path.clone());
    std::fs::write(&path, config("")).unwrap();
    let first = load(&origin, &SOURCES).ok().unwrap();
    let more = "server: { listen: 127.0.0.1:1, drain: 7s }\nstore: { sync: each }\nvault: { key_file: k }\ntelemetry: { log: json }";
    std::fs::write(&path, config("") + more).unwrap();
    let second = reload(&origin, &first, &SOURCES).ok().unwrap();
    let fields: Vec<&str> = second
        .notices
        .iter()
        .map(|notice| notice.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "server.listen",
            "store.sync",
            "vault.key_file",
            "telemetry.log"
        ]
    );
    assert_eq!(second.snapshot.server.listen, first.server.listen);
    assert_eq!(second.snapshot.store, first.store);
    assert_eq!(second.snapshot.server.drain, Duration::from_secs(7));

    std::fs::write(&path, config("base_url: 'simulated:'")).unwrap();
    let problems = reload(&origin, &first, &SOURCES).err().unwrap();
    assert_eq!(problems[0].field, "providers");
}

fn watch(files: Vec<PathBuf>) -> (Watcher, Receiver<()>) {
    let (sender, receiver) = channel();
    let watcher = Watcher::start(files, move || {
        let _ = sender.send(());
    });
    (watcher.unwrap(), receiver)
}

fn assert_reported(receiver: &Receiver<()>) {
    receiver.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_written_file_is_reported_and_so_is_one_that_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.yaml");
    std::fs::write(&path, "a").unwrap();
    let (_watcher, changes) = watch(vec![path.clone()]);
    std::fs::write(&path, "b").unwrap();
    assert_reported(&changes);
    let new = folder.path().join(".tollgate.yaml.swp");
    std::fs::write(&new, "c").unwrap();
    std::fs::rename(&new, &path).unwrap();
    assert_reported(&changes);
}

/// `..data` points to a folder of a date and is swapped by a rename; the old folder is removed.
fn publish(root: &Path, version: &str, content: &str) {
    let folder = root.join(version);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("tollgate.yaml"), content).unwrap();
    symlink(version, root.join("..data_tmp")).unwrap();
    let old = std::fs::read_link(root.join("..data"));
    std::fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    if let Ok(old) = old {
        std::fs::remove_dir_all(root.join(old)).unwrap();
    }
}

#[test]
fn a_config_map_that_is_swapped_is_reported_each_time() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), "..2026_01", "a");
    let path = folder.path().join("tollgate.yaml");
    symlink("..data/tollgate.yaml", &path).unwrap();
    let (_watcher, changes) = watch(vec![path.clone()]);
    for (version, content) in [("..2026_02", "b"), ("..2026_03", "c")] {
        publish(folder.path(), version, content);
        assert_reported(&changes);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_trigger_and_other_files_are_reported_though_nothing_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.yaml");
    std::fs::write(&path, "a").unwrap();
    let (watcher, changes) = watch(vec![path.clone()]);
    watcher.trigger();
    assert_reported(&changes);
    let token = folder.path().join("token");
    watcher.watch(vec![path, token.clone()]);
    assert_reported(&changes);
    std::fs::write(token, "x").unwrap();
    assert_reported(&changes);
}
