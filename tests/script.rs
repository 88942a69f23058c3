//! Runs a client's script and shows what it said when it fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{KEY, NARROW_KEY, Server};
use crate::tool;
use crate::upstream::Upstream;

/// Runs `tests/clients/{name}` in Python or Node against a server.
#[track_caller]
pub(crate) fn run(name: &str, server: &Server, upstream: &Upstream) {
    run_with_key(
        name,
        server,
        KEY,
        &[("UPSTREAM_URL", format!("http://{}", upstream.address))],
    );
}

#[track_caller]
pub(crate) fn run_with_key(name: &str, server: &Server, key: &str, more: &[(&str, String)]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = match name.rsplit_once('.') {
        Some((_, "py")) => root.join(".venv/bin/python"),
        _ => PathBuf::from("node"),
    };
    let is_missing = interpreter.is_absolute() && !interpreter.exists();
    assert!(
        !is_missing,
        "{} is missing: run tests/setup.sh",
        interpreter.display()
    );
    let output = Command::new(interpreter)
        .arg(root.join("tests/clients").join(name))
        .env("TOLLGATE_URL", server.url())
        .env("TOLLGATE_KEY", key)
        .env("TOLLGATE_NARROW_KEY", NARROW_KEY)
        .env("NO_PROXY", "127.0.0.1")
        .env("MLFLOW_TRACKING_URI", server.url())
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("DO_NOT_TRACK", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(more.iter().map(|(name, value)| (*name, value.as_str())))
        .current_dir(server.folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{name} can't be run: {error}"));
    let said = tool::said(&output);
    assert!(output.status.success(), "{name} failed\n{said}");
    println!("{said}");
}
