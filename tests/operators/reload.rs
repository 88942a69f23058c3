//! What a reload leaves as it was.

use std::fs;
use std::os::unix::fs::symlink;

use crate::chat;
use crate::recorder::Recorder;
use crate::server::{CREDENTIAL, KEY, Server};
use crate::wait;

/// Asks once; whether the key is known.
fn ask(server: &Server, key: &str) -> bool {
    let answer = chat::ask_as(server, key, &[], &chat::body("recorded", "hi", false));
    assert!(matches!(answer.status, 200 | 401), "{}", answer.body);
    answer.status == 200
}

fn configuration(provider: &str, key: &str) -> String {
    format!(
        r#"server: {{ listen: "LISTEN", workers: 1 }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  recorder: {{ kind: openai, base_url: "{provider}", api_key: "{CREDENTIAL}" }}
routes:
  recorded: {{ targets: [{{ provider: recorder }}] }}
keys:
  tests: {{ key: "{key}" }}
prices:
  recorder/*: {{ input_usd_per_million: 1, output_usd_per_million: 1 }}
"#
    )
}

#[test]
fn a_reload_keeps_the_connections_of_providers_that_stay_as_they_were() {
    let recorder = Recorder::start();
    let url = format!("http://{}/v1", recorder.address);
    let server = Server::configured(&configuration(&url, KEY));
    let write = |provider: &str, key: &str| {
        let yaml = configuration(provider, key).replace("LISTEN", &server.address.to_string());
        fs::write(server.config_path(), yaml).unwrap();
    };
    assert!(ask(&server, KEY));
    assert!(ask(&server, KEY));
    assert_eq!(recorder.connections(), 1);

    let other = "tg-others-0123456789abcdef0123456789abcdef";
    write(&url, other);
    wait::until("the other key", || ask(&server, other));
    assert!(!ask(&server, KEY));
    assert_eq!(recorder.connections(), 1, "a reload dropped a connection");

    // Another way to the provider is another connection, and the old one is closed by and by.
    let moved = url.replace("127.0.0.1", "localhost");
    write(&moved, KEY);
    wait::until("the first key", || ask(&server, KEY));
    assert_eq!(recorder.connections(), 2);
}

#[test]
fn a_swapped_link_and_a_hangup_are_news() {
    let recorder = Recorder::start();
    let url = format!("http://{}/v1", recorder.address);
    let server = Server::configured(&configuration(&url, KEY));
    let folder = server.folder.path();
    let write = |name: &str, key: &str| {
        let yaml = configuration(&url, key).replace("LISTEN", &server.address.to_string());
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("tollgate.yaml"), yaml).unwrap();
    };
    // As Kubernetes mounts a ConfigMap: the file is a link into a folder that is a link, which is swapped.
    let others = "tg-others-0123456789abcdef0123456789abcdef";
    let first = "tg-firsts-0123456789abcdef0123456789abcdef";
    write("..one", first);
    write("..two", others);
    symlink("..one", folder.join("..data")).unwrap();
    symlink("..data/tollgate.yaml", folder.join("linked")).unwrap();
    fs::rename(folder.join("linked"), server.config_path()).unwrap();
    let swap = |to: &str| {
        symlink(to, folder.join("..new")).unwrap();
        fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    };
    let reloads = || {
        server
            .log()
            .matches("the configuration was reloaded")
            .count()
    };
    wait::until("the link to be read", || ask(&server, first));
    swap("..two");
    wait::until("the key of the swapped folder", || ask(&server, others));
    swap("..one");
    wait::until("the first key again", || ask(&server, first));

    let before = reloads();
    server.tell("HUP");
    wait::until("a reload without a change", || reloads() > before);
    assert!(ask(&server, first));
}
