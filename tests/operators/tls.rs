//! HTTPS for callers: protocols, real SDKs, and a certificate that changes under running streams.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio_rustls::TlsConnector;

use crate::authority::{Authority, Certificate, Tls};
use crate::chat;
use crate::script;
use crate::server::{Around, KEY, Server, configuration, serving};
use crate::upstream::Upstream;
use crate::wait;

/// A server with this certificate.
pub(super) fn secured(upstream: &Upstream, certificate: &Certificate) -> Server {
    secured_with(upstream, certificate, "")
}

/// A server with this certificate and these further settings.
pub(super) fn secured_with(upstream: &Upstream, certificate: &Certificate, more: &str) -> Server {
    let around = Around {
        files: &[
            ("cert.pem", &certificate.cert),
            ("key.pem", &certificate.key),
        ],
        is_tls: true,
        ..Around::default()
    };
    let settings = format!("{TLS}{more}");
    Server::amid(
        around,
        &serving(&configuration(upstream.address), &settings),
    )
}

const TLS: &str = "tls: { cert: cert.pem, key: key.pem }";

fn body(model: &str) -> Value {
    chat::body(model, "30 words", true)
}

/// Sends a streaming request, without reading the answer.
fn begin(tls: &mut Tls, model: &str) {
    let request = chat::bytes("Connection: close\r\n", &body(model));
    tls.write_all(request.as_bytes()).unwrap();
}

fn rest(mut tls: Tls) -> String {
    let mut text = String::new();
    tls.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn http_1_1_and_http_2_are_offered_and_both_stream() {
    let authority = Authority::new();
    let upstream = Upstream::start();
    let server = secured(&upstream, &authority.certify(&["localhost"]));
    for offered in [&["http/1.1"][..], &[]] {
        let mut tls = authority.connect(server.address, offered).unwrap();
        assert_eq!(tls.protocol(), offered.first().copied());
        begin(&mut tls, "sim-openai");
        let text = rest(tls);
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("data: [DONE]"), "{text}");
    }
    let both = authority
        .connect(server.address, &["h2", "http/1.1"])
        .unwrap();
    assert_eq!(both.protocol(), Some("h2"));
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let text = runtime.block_on(over_http2(&authority, &server));
    assert!(text.contains("data: [DONE]"), "{text}");
    assert_eq!(upstream.log().len(), 3);
}

#[test]
fn a_client_that_waits_to_be_asked_for_its_body_is_asked() {
    let authority = Authority::new();
    let upstream = Upstream::start();
    let server = secured(&upstream, &authority.certify(&["localhost"]));
    let mut tls = authority.connect(server.address, &[]).unwrap();
    let lines = "Connection: close\r\nExpect: 100-continue\r\n";
    let request = chat::bytes(lines, &body("sim-openai"));
    let (head, rest_of_it) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
    tls.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; 25];
    tls.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    tls.write_all(rest_of_it.as_bytes()).unwrap();
    let text = rest(tls);
    assert!(text.contains("data: [DONE]"), "{text}");
}

async fn over_http2(authority: &Authority, server: &Server) -> String {
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(authority.client(&["h2"]));
    let tls = connector.connect(name, tcp).await.unwrap();
    let io = TokioIo::new(tls);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("https://localhost/v1/chat/completions")
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body("sim-openai").to_string())))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("x-tollgate-request-id"));
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_real_openai_sdk_verifies_the_certificate_and_streams() {
    let authority = Authority::new();
    let upstream = Upstream::start();
    let server = secured(&upstream, &authority.certify(&["127.0.0.1"]));
    let ca = server.folder.path().join("ca.pem");
    fs::write(&ca, &authority.pem).unwrap();
    let ca = ca.display().to_string();
    script::run_with_key("openai_tls.py", &server, KEY, &[("CA_FILE", ca)]);
}

/// A server with one certificate, to which another is given.
struct Renewal {
    authority: Authority,
    old: Certificate,
    new: Certificate,
    server: Server,
    _upstream: Upstream,
}

impl Renewal {
    fn new() -> Self {
        let (authority, upstream) = (Authority::new(), Upstream::start());
        let old = authority.certify(&["localhost"]);
        let server = secured(&upstream, &old);
        assert_eq!(shown(&authority, &server), old.der());
        Self {
            new: authority.certify(&["localhost"]),
            authority,
            old,
            server,
            _upstream: upstream,
        }
    }

    fn shown(&self) -> Vec<u8> {
        shown(&self.authority, &self.server)
    }

    /// Gives it the new one, and waits until callers see it.
    fn finish(&self) {
        replace(self.server.folder.path(), &self.new);
        wait::until("the new certificate", || self.shown() == self.new.der());
    }
}

/// The certificate that a new connection is shown.
fn shown(authority: &Authority, server: &Server) -> Vec<u8> {
    authority.connect(server.address, &[]).unwrap().shown()
}

#[test]
fn a_new_certificate_is_shown_from_then_on_and_no_stream_is_dropped() {
    let renewal = Renewal::new();
    let (authority, address) = (&renewal.authority, renewal.server.address);
    let mut running = authority.connect(address, &["http/1.1"]).unwrap();
    begin(&mut running, "sim-gpt+fault=pace:1,40");
    let mut first = [0; 512];
    let length = running.read(&mut first).unwrap();

    renewal.finish();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&first[..length]),
        rest(running)
    );
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("data: [DONE]"), "{text}");
}

/// Writes both files, each at once.
fn replace(folder: &Path, certificate: &Certificate) {
    for (name, text) in [
        ("key.pem", &certificate.key),
        ("cert.pem", &certificate.cert),
    ] {
        let beside = folder.join(format!("{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, folder.join(name)).unwrap();
    }
}

#[test]
fn a_certificate_without_its_key_is_refused_and_the_old_one_stays() {
    let renewal = Renewal::new();
    let server = &renewal.server;
    let refused = |text: &str, said: &str| {
        let before = server.log().len();
        fs::write(server.folder.path().join("cert.pem"), text).unwrap();
        wait::until("the refusal in the log", || {
            server.log()[before..].contains("server.tls") && server.log()[before..].contains(said)
        });
        assert_eq!(renewal.shown(), renewal.old.der());
    };
    refused(&renewal.new.cert, "key");
    refused("no certificate", "cert.pem");
    refused(
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "cert.pem",
    );
    assert!(!server.log().contains("PRIVATE"), "{}", server.log());
    renewal.finish();
}

#[test]
fn a_start_with_the_wrong_key_ends_with_an_error_that_says_so() {
    let authority = Authority::new();
    let (one, other) = (
        authority.certify(&["localhost"]),
        authority.certify(&["localhost"]),
    );
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("cert.pem", &one.cert);
    write("key.pem", &other.key);
    let yaml = serving(&configuration("127.0.0.1:9".parse().unwrap()), TLS);
    write("tollgate.yaml", &yaml.replace("LISTEN", "127.0.0.1:0"));
    let serve = || {
        let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .args(["serve", "--config", "tollgate.yaml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = serve();
    assert!(
        said.contains("server.tls") && said.contains("key"),
        "{said}"
    );
    write("key.pem", "");
    let said = serve();
    assert!(
        said.contains("server.tls") && said.contains("key.pem"),
        "{said}"
    );
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let said = serve();
    assert!(
        said.contains("server.tls.cert") && said.contains("cert.pem"),
        "{said}"
    );
}
