//! What a reload leaves as it was.

use std::fs;

use serde_json::json;

use crate::http;
use crate::recorder::Recorder;
use crate::server::{CREDENTIAL, KEY, Server};
use crate::wait;

/// Asks once; whether the key is known.
fn ask(server: &Server, key: &str) -> bool {
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str())];
    let body = json!({ "model": "recorded", "messages": [{ "role": "user", "content": "hi" }] });
    let answer = http::post(server.address, "/v1/chat/completions", &headers, &body).unwrap();
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
