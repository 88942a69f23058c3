//! `tollgate healthcheck`, as a container's probe runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::authority::Authority;
use crate::server::Server;
use crate::tool;
use crate::upstream::Upstream;

use super::tls::secured;

fn healthcheck(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .arg("healthcheck")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn check(folder: &Path, arguments: &[&str], code: i32, said: &str) {
    let output = healthcheck(folder, arguments);
    let text = tool::said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(said), "{arguments:?}: {text}");
}

#[test]
fn a_probe_asks_the_server_of_the_configuration() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let folder = server.folder.path().to_owned();
    let config = ["--config", "tollgate.yaml"];
    check(&folder, &config, 0, "200");
    check(&folder, &["--url", &server.url()], 0, "200");
    check(
        &folder,
        &["--url", &format!("{}/nowhere", server.url())],
        1,
        "404",
    );
    let url = server.url().replace("http:", "https:");
    check(&folder, &["--url", &url], 1, "https://");
    server.kill();
    check(&folder, &config, 1, "refused");
}

#[test]
fn a_probe_speaks_tls_where_the_server_does() {
    let upstream = Upstream::start();
    let authority = Authority::new();
    let server = secured(&upstream, &authority.certify(&["localhost", "127.0.0.1"]));
    let folder = server.folder.path();
    fs::write(folder.join("ca.pem"), &authority.pem).unwrap();
    fs::write(folder.join("other.pem"), Authority::new().pem).unwrap();
    check(folder, &["--config", "tollgate.yaml"], 0, "200");
    check(
        folder,
        &["--config", "tollgate.yaml", "--ca-file", "ca.pem"],
        0,
        "200",
    );
    check(folder, &["--url", &server.url()], 0, "200");
    let named = format!("https://localhost:{}/readyz", server.address.port());
    check(folder, &["--url", &named, "--ca-file", "ca.pem"], 0, "200");
    check(
        folder,
        &["--url", &named, "--ca-file", "other.pem"],
        1,
        "certificate",
    );
    check(
        folder,
        &["--url", &named, "--ca-file", "none.pem"],
        1,
        "none.pem",
    );
    let plain = server.url().replace("https:", "http:");
    check(folder, &["--url", &plain], 1, "not HTTP");
}
