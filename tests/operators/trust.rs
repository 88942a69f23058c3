//! Providers over TLS: whom Tollgate trusts, and HTTP/2 where they speak it.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::background;
use crate::chat;
use crate::http::Answer;
use crate::server::{Around, CREDENTIAL, KEY, Server};
use crate::upstream::Upstream;
use crate::wait;

/// One provider with this URL and these further settings.
pub(super) fn configuration(url: &str, settings: &str) -> String {
    format!(
        r#"server: {{ listen: "LISTEN", workers: 1 }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  far: {{ kind: openai, base_url: "{url}", api_key: "{CREDENTIAL}"{settings} }}
routes:
  sim-gpt: {{ targets: [{{ provider: far }}], retry: {{ attempts: 1 }} }}
keys:
  tests: {{ key: "{KEY}" }}
prices:
  far/*: {{ input_usd_per_million: 1, output_usd_per_million: 1 }}
"#
    )
}

pub(super) fn ask(server: &Server, is_stream: bool) -> Answer {
    chat::ask(server, &chat::body("sim-gpt", "5 words", is_stream))
}

#[test]
fn a_private_authority_is_trusted_where_the_configuration_names_it_and_nowhere_else() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let upstream = Upstream::secured(authority.certify(&["localhost"]).server(&["http/1.1"]));
    let check = |host: &str, ca: Option<&Authority>, status: u16| {
        let pem = ca.map_or("", |ca| ca.pem.as_str());
        let settings = if ca.is_some() {
            ", ca_file: ca.pem"
        } else {
            ""
        };
        let url = format!("https://{host}:{}", upstream.address.port());
        let around = Around {
            files: &[("ca.pem", pem)],
            ..Around::default()
        };
        let server = Server::amid(around, &configuration(&url, settings));
        for is_stream in [false, true] {
            let answer = ask(&server, is_stream);
            assert_eq!(answer.status, status, "{host}: {}", answer.body);
        }
    };
    check("localhost", Some(&authority), 200);
    assert_eq!(upstream.log().len(), 2);
    // The public authorities do not know it; a stranger did not sign it; the certificate is for another name.
    check("localhost", None, 502);
    check("localhost", Some(&stranger), 502);
    check("127.0.0.1", Some(&authority), 502);
    assert_eq!(upstream.log().len(), 2);
}

#[test]
fn a_file_of_authorities_that_changes_is_read_again() {
    let authority = Authority::new();
    let upstream = Upstream::secured(authority.certify(&["localhost"]).server(&["http/1.1"]));
    let url = format!("https://localhost:{}", upstream.address.port());
    let around = Around {
        files: &[("ca.pem", &Authority::new().pem)],
        ..Around::default()
    };
    let server = Server::amid(around, &configuration(&url, ", ca_file: ca.pem"));
    assert_eq!(ask(&server, false).status, 502);
    fs::write(server.folder.path().join("ca.pem"), &authority.pem).unwrap();
    wait::until("the new authority", || ask(&server, false).status == 200);
}

/// An upstream that speaks HTTP/2 alone and answers each request with the path and the protocol's version.
fn http2_only(tls: Option<Arc<rustls::ServerConfig>>) -> SocketAddr {
    background::serve(move |listener| async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let tls = tls.clone();
            tokio::spawn(async move {
                let builder = http2::Builder::new(TokioExecutor::new());
                // How a connection ends is not what is asked here.
                let _ = match tls {
                    None => {
                        builder
                            .serve_connection(TokioIo::new(tcp), service_fn(told))
                            .await
                    }
                    Some(tls) => {
                        let tls = TlsAcceptor::from(tls).accept(tcp).await.unwrap();
                        builder
                            .serve_connection(TokioIo::new(tls), service_fn(told))
                            .await
                    }
                };
            });
        }
    })
}

async fn told(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let said = format!(
        "{:?} {} {}",
        request.version(),
        request.uri().path(),
        request.headers().contains_key("connection")
    );
    request.into_body().collect().await.unwrap();
    let answer = json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": said } }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    });
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    let json = "application/json".parse().unwrap();
    response.headers_mut().insert("content-type", json);
    Ok(response)
}

#[test]
fn a_provider_that_offers_http2_is_spoken_to_in_it() {
    let authority = Authority::new();
    let certificate = authority.certify(&["localhost"]);
    let secured = http2_only(Some(certificate.server(&["h2"])));
    let plain = http2_only(None);
    let check = |url: String, settings: &str| {
        let around = Around {
            files: &[("ca.pem", &authority.pem)],
            ..Around::default()
        };
        let server = Server::amid(around, &configuration(&url, settings));
        for _ in 0..2 {
            let answer = ask(&server, false);
            let content = &answer.json()["choices"][0]["message"]["content"];
            assert_eq!(content, "HTTP/2.0 /v1/chat/completions false", "{url}");
        }
    };
    check(
        format!("https://localhost:{}/v1", secured.port()),
        ", ca_file: ca.pem",
    );
    check(format!("http://{plain}/"), ", http2: always");
}
