//! Which crate may know which: the table of `docs/ARCHITECTURE.md`, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const ALLOWED: [(&str, &[&str]); 8] = [
    ("tollgate-domain", &[]),
    ("tollgate-providers", &["tollgate-domain"]),
    ("tollgate-governance", &["tollgate-domain"]),
    ("tollgate-journal", &["tollgate-domain"]),
    ("tollgate-store", &["tollgate-domain"]),
    ("tollgate-mlflow", &["tollgate-domain", "tollgate-store"]),
    (
        "tollgate",
        &[
            "tollgate-domain",
            "tollgate-providers",
            "tollgate-governance",
            "tollgate-journal",
            "tollgate-store",
            "tollgate-mlflow",
        ],
    ),
    ("tollgate-benches", &[]),
];

/// What the pure crates must never reach for, directly.
const IMPURE: [&str; 7] = [
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "rusqlite",
    "ring",
    "tower",
];
const PURE: [&str; 3] = [
    "tollgate-domain",
    "tollgate-providers",
    "tollgate-governance",
];

/// Each workspace member's dependencies, those of its tests left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let of = |package: &Value| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"] != "dev")
            .map(name)
            .collect()
    };
    packages
        .map(|package| (name(package), of(package)))
        .collect()
}

#[test]
fn no_crate_knows_more_of_the_others_than_the_architecture_allows() {
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    for (package, dependencies) in dependencies() {
        let Some(allowed) = allowed.get(package.as_str()) else {
            panic!("{package} is not in the table of docs/ARCHITECTURE.md")
        };
        for dependency in dependencies
            .iter()
            .filter(|name| name.starts_with("tollgate"))
        {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_pure_crates_have_no_runtime_no_sockets_and_no_database() {
    let dependencies = dependencies();
    for package in PURE {
        for impure in IMPURE {
            assert!(
                !dependencies[package].contains(impure),
                "{package} must not depend on {impure}"
            );
        }
    }
}

#[test]
fn only_the_store_knows_sqlite() {
    for (package, dependencies) in dependencies() {
        let knows = dependencies.contains("rusqlite");
        assert_eq!(knows, package == "tollgate-store", "{package}");
    }
}
