//! What is refused at the door.

use serde_json::json;

use crate::http;
use crate::server::{KEY, Server};
use crate::upstream::Upstream;

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

#[test]
fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    let models = http::post(server.address, "/v1/models", &headers, &json!({})).unwrap();
    let allowed = (models.status, models.header("allow"));
    assert_eq!(allowed, (405, Some("GET, HEAD")));
    let chat = http::get(server.address, "/v1/chat/completions", &headers).unwrap();
    assert_eq!((chat.status, chat.header("allow")), (405, Some("POST")));
}
