//! What is refused at the door.

use crate::http;
use crate::server::Server;
use crate::upstream::Upstream;

#[test]
fn a_page_of_another_origin_and_a_rebound_name_cannot_read_traces() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
    let check = |headers: &str, is_open: bool| {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let status = http::raw(server.address, &request).unwrap().status;
        assert_eq!(status == 200, is_open, "{headers:?} gave {status}");
    };
    check(&format!("Host: {}\r\n", server.address), true);
    check("Host: localhost\r\n", true);
    check("Host: evil.example\r\n", false);
    check("Host: localhost\r\nOrigin: http://evil.example\r\n", false);
    check("Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", false);
    check("Host: localhost\r\nForwarded: for=127.0.0.1\r\n", false);
}

#[test]
fn a_stranger_is_refused_in_the_dialect_that_it_speaks() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let check = |path: &str, header: &str, is_anthropic: bool| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{header}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}",
            server.address
        );
        let answer = http::raw(server.address, &request).unwrap();
        assert_eq!(answer.status, 401, "{path} {header}");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            body["type"] == "error",
            is_anthropic,
            "{path} {header}: {body}"
        );
    };
    let version = "anthropic-version: 2023-06-01\r\n";
    check("/v1/chat/completions", "", false);
    check("/v1/chat/completions", version, true);
    check("/v1/messages", "", true);
}
