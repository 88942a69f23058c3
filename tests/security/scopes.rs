//! Beyond loopback everything but the probes needs a key of the right scope.

use std::fs;
use std::process::Command;

use crate::http;
use crate::recorder::Recorder;
use crate::server::{CREDENTIAL, Server};

const NAMES: [&str; 4] = ["invoke", "read", "metrics", "admin"];

fn key(name: &str) -> String {
    format!("tg-{name}-0123456789abcdef0123456789abcdef")
}

fn configuration(recorder: &Recorder, listen: &str) -> String {
    let keys =
        NAMES.map(|name| format!("  {name}: {{ key: \"{}\", scopes: [{name}] }}\n", key(name)));
    format!(
        r#"server: {{ listen: "{listen}", allowed_hosts: [gateway.example.com] }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  recorder: {{ kind: openai, base_url: "http://{}/v1", api_key: "{CREDENTIAL}" }}
routes:
  recorded: {{ targets: [{{ provider: recorder }}] }}
keys:
{}  disabled: {{ key: "{}", scopes: [admin], enabled: false }}
  expired: {{ key: "{}", scopes: [admin], expires: 2020-01-01 }}
"#,
        recorder.address,
        keys.concat(),
        key("disabled"),
        key("expired"),
    )
}

const CHAT: &str = r#"{"model":"recorded","messages":[{"role":"user","content":"hi"}]}"#;
const GET_EXPERIMENT: &str = "/api/2.0/mlflow/experiments/get?experiment_id=0";

/// A request with these further lines in its head.
fn status(server: &Server, request: &str, lines: &str, body: &str) -> u16 {
    let length = body.len();
    let bytes = format!(
        "{request} HTTP/1.1\r\nHost: {}\r\n{lines}Content-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
        server.address
    );
    http::raw(server.address, &bytes).unwrap().status
}

/// Base64 of RFC 4648, as `Basic` has it.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

#[test]
fn each_surface_opens_to_its_scope_as_bearer_and_as_password() {
    let recorder = Recorder::start();
    let server = Server::configured(&configuration(&recorder, "0.0.0.0:PORT"));
    let create = r#"{"name":"made"}"#;
    let search = r#"{"locations":[],"max_results":1}"#;
    for (request, body, scope) in [
        ("POST /v1/chat/completions", CHAT, "invoke"),
        ("GET /v1/models", "", "invoke"),
        ("GET /v1/models/recorded", "", "invoke"),
        ("GET /metrics", "", "metrics"),
        (&format!("GET {GET_EXPERIMENT}"), "", "read"),
        ("POST /api/3.0/mlflow/traces/search", search, "read"),
        ("GET /version", "", "read"),
        ("GET /health", "", "read"),
        ("GET /", "", "read"),
        ("POST /api/2.0/mlflow/experiments/create", create, "admin"),
    ] {
        for name in NAMES {
            let key = key(name);
            let is_open = name == scope || name == "admin";
            for lines in [
                format!("Authorization: Bearer {key}\r\n"),
                format!("Authorization: Basic {}\r\n", basic("anybody", &key)),
                format!("x-api-key: {key}\r\n"),
                format!("api-key: {key}\r\n"),
            ] {
                let found = status(&server, request, &lines, body);
                // What exists already is a request that came through.
                let is_through = matches!(found, 200 | 400);
                assert!(found == 403 || is_through, "{request} {name}: {found}");
                assert_eq!(is_through, is_open, "{request} {name}: {found}");
            }
        }
        for lines in [
            String::new(),
            "Authorization: Bearer tg-nobody\r\n".to_owned(),
            format!("Authorization: Bearer {}\r\n", key("disabled")),
            format!("Authorization: Bearer {}\r\n", key("expired")),
            // The key is the password, not the name.
            format!("Authorization: Basic {}\r\n", basic(&key("admin"), "")),
            format!("Authorization: Token {}\r\n", key("admin")),
            "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n".to_owned(),
        ] {
            assert_eq!(
                status(&server, request, &lines, body),
                401,
                "{request} {lines}"
            );
        }
    }
    for probe in ["GET /livez", "GET /readyz"] {
        assert_eq!(status(&server, probe, "", ""), 200, "{probe}");
    }
    for nowhere in [
        "GET /nowhere",
        "GET /v1/nowhere",
        "POST /api/2.0/mlflow/nowhere",
        "GET /api/x",
    ] {
        assert_eq!(status(&server, nowhere, "", ""), 401, "{nowhere}");
    }
    let bearer = format!("Authorization: Bearer {}\r\n", key("invoke"));
    assert_eq!(status(&server, "GET /nowhere", &bearer, ""), 404);
}

#[test]
fn on_loopback_only_what_is_local_for_certain_needs_no_key() {
    let recorder = Recorder::start();
    let server = Server::configured(&configuration(&recorder, "LISTEN"));
    let asked = |lines: &str| {
        let request = format!("GET {GET_EXPERIMENT} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        http::raw(server.address, &request).unwrap().status
    };
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:80",
        "[::1]:4000",
        "gateway.example.com:443",
    ] {
        assert_eq!(asked(&format!("Host: {host}\r\n")), 200, "{host}");
        let origin = format!("Host: {host}\r\nOrigin: http://{host}\r\n");
        assert_eq!(asked(&origin), 200, "{origin}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-gateway.example.com",
        "a.gateway.example.com",
        "127.0.0.2",
        "[::2]",
        "0.0.0.0",
    ] {
        assert_eq!(asked(&format!("Host: {host}\r\n")), 403, "{host}");
        let origin = format!("Host: localhost\r\nOrigin: https://{host}\r\n");
        assert_eq!(asked(&origin), 403, "{origin}");
        // A key of the scope needs no such check: a page of another site has none.
        let read = format!("Host: {host}\r\nAuthorization: Bearer {}\r\n", key("read"));
        assert_eq!(asked(&read), 200, "{host}");
        let other = format!(
            "Host: {host}\r\nAuthorization: Bearer {}\r\n",
            key("invoke")
        );
        assert_eq!(asked(&other), 403, "{host}");
    }
    assert_eq!(asked("Host: localhost\r\nOrigin: null\r\n"), 403);
    for forwarded in [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-For:",
        "x-forwarded-host: localhost",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Anything: 1",
        "Forwarded: for=127.0.0.1;host=localhost",
    ] {
        let lines = format!("Host: localhost\r\n{forwarded}\r\n");
        assert_eq!(asked(&lines), 401, "{forwarded}");
        let read = format!("{lines}Authorization: Bearer {}\r\n", key("read"));
        assert_eq!(asked(&read), 200, "{forwarded}");
    }
}

#[test]
fn a_start_beyond_loopback_without_keys_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |config: Option<&str>, listen: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("serve").current_dir(folder.path());
        command
            .env("TOLLGATE_LISTEN", listen)
            .env("TOLLGATE_DATA", "data");
        if let Some(keys) = config {
            let yaml = format!(
                "server: {{ listen: \"{listen}\" }}\n\
                 store: {{ url: \"sqlite://data/t.db\", journal: data/journal }}\n\
                 providers: {{ p: {{ kind: openai, base_url: \"simulated:\" }} }}\n\
                 routes: {{ r: {{ targets: [{{ provider: p }}] }} }}\nkeys: {keys}\n"
            );
            fs::write(folder.path().join("tollgate.yaml"), yaml).unwrap();
            command.args(["--config", "tollgate.yaml"]);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{listen}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4000"] {
        let dead = "{ a: { key: a, enabled: false }, b: { key: b, expires: 2020-01-01 } }";
        for config in [None, Some("{}"), Some(dead)] {
            let said = serve(config, listen);
            assert!(
                said.contains("loopback") && said.contains("keys"),
                "{listen}: {said}"
            );
        }
    }
}

#[test]
fn a_refusal_on_mlflows_paths_is_an_error_of_mlflow() {
    let recorder = Recorder::start();
    let server = Server::configured(&configuration(&recorder, "0.0.0.0:PORT"));
    for (lines, status, code, said) in [
        (String::new(), 401, "UNAUTHENTICATED", "no API key"),
        (
            format!("Authorization: Bearer {}\r\n", key("invoke")),
            403,
            "PERMISSION_DENIED",
            "scope `read`",
        ),
    ] {
        let bytes = format!(
            "GET {GET_EXPERIMENT} HTTP/1.1\r\nHost: {}\r\n{lines}Connection: close\r\n\r\n",
            server.address
        );
        let answer = http::raw(server.address, &bytes).unwrap();
        let error = answer.json();
        assert_eq!(
            (answer.status, &error["error_code"]),
            (status, &code.into())
        );
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    }
}
