//! The server from outside, through a real socket.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{Simulator, serve};

mod anthropic;
mod faults;
mod openai;
mod refusals_anthropic;
mod refusals_openai;
mod wire;

/// A running server and its state.
struct Served {
    simulator: Simulator,
    address: std::net::SocketAddr,
}

struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The JSON of each `data:` line, `[DONE]` left out.
    fn events(&self) -> Vec<Value> {
        let lines = self
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        lines
            .filter(|line| *line != "[DONE]")
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn error(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Served {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new();
        tokio::spawn(serve(listener, simulator.clone()));
        Self { simulator, address }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        sender.send_request(request).await
    }

    fn request(path: &str, headers: &[(&str, &str)], body: &Value) -> Request<Full<Bytes>> {
        let mut request = Request::post(path)
            .header("host", "sim")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap()
    }

    async fn got(&self, request: Request<Full<Bytes>>) -> Got {
        let (parts, body) = self.send(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    async fn openai(&self, path: &str, body: Value) -> Got {
        self.got(Self::request(
            path,
            &[("authorization", "Bearer sk-sim")],
            &body,
        ))
        .await
    }

    async fn chat(&self, body: Value) -> Got {
        self.openai("/v1/chat/completions", body).await
    }

    async fn messages(&self, body: Value) -> Got {
        let headers = &[("x-api-key", "sk-ant"), ("anthropic-version", "2023-06-01")];
        self.got(Self::request("/v1/messages", headers, &body))
            .await
    }
}

/// `base` with the fields of `more`; a null removes.
fn with(base: &Value, more: Value) -> Value {
    let mut merged = base.clone();
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => merged.as_object_mut().unwrap().remove(name),
            _ => merged
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    merged
}

fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hello, who is there?"}]})
}
