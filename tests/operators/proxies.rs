//! The way to providers through forward proxies.

use crate::authority::Authority;
use crate::forward_proxy::ForwardProxy;
use crate::server::{Around, Server};
use crate::upstream::Upstream;

use super::trust::{ask, configuration};

/// A name that exists nowhere: only a proxy can lead to it.
const FAR: &str = "api.provider.invalid";
const TUNNEL: &str = "200 Connection established";

struct Far {
    authority: Authority,
    upstream: Upstream,
}

impl Far {
    fn new() -> Self {
        let authority = Authority::new();
        let upstream = Upstream::secured(authority.certify(&[FAR]).server(&["http/1.1"]));
        Self {
            authority,
            upstream,
        }
    }

    /// Asks through what these settings and this environment say; the answer's status.
    fn ask(&self, settings: &str, environment: &[(&str, &str)]) -> (u16, Server) {
        let around = Around {
            files: &[("ca.pem", &self.authority.pem)],
            environment,
            ..Around::default()
        };
        let settings = format!(", ca_file: ca.pem{settings}");
        let server = Server::amid(around, &configuration(&format!("https://{FAR}"), &settings));
        let status = ask(&server, false).status;
        assert_eq!(ask(&server, true).status, status);
        (status, server)
    }
}

#[test]
fn a_tunnel_goes_through_the_proxy_of_the_provider() {
    let far = Far::new();
    let proxy = ForwardProxy::start(far.upstream.address, TUNNEL, None);
    let setting = format!(", proxy: \"http://me:p%40ss@{}\"", proxy.address);
    assert_eq!(far.ask(&setting, &[]).0, 200);
    let heads = proxy.heads();
    // One connection serves both.
    assert_eq!(heads.len(), 1);
    let expected = format!(
        "CONNECT {FAR}:443 HTTP/1.1\r\nHost: {FAR}:443\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    );
    assert_eq!(heads[0], expected);
    for entry in far.upstream.log() {
        let is_proxys = |(name, _): &(String, String)| name.starts_with("proxy-");
        assert!(!entry.headers.iter().any(is_proxys), "{:?}", entry.headers);
    }
}

#[test]
fn a_proxy_can_itself_be_reached_over_tls() {
    let far = Far::new();
    let tls = far.authority.certify(&["localhost"]).server(&[]);
    let proxy = ForwardProxy::start(far.upstream.address, TUNNEL, Some(tls));
    let port = proxy.address.port();
    let setting = format!(", proxy: \"https://localhost:{port}\"");
    assert_eq!(far.ask(&setting, &[]).0, 200);
    assert_eq!(proxy.heads().len(), 1);
    // Its certificate is for another name: nothing is said to it.
    let setting = format!(", proxy: \"https://127.0.0.1:{port}\"");
    assert_eq!(far.ask(&setting, &[]).0, 502);
    assert_eq!(proxy.heads().len(), 1);
}

#[test]
fn a_proxy_that_refuses_is_named_in_the_log_without_its_password() {
    let far = Far::new();
    let proxy = ForwardProxy::start(
        far.upstream.address,
        "407 Proxy Authentication Required",
        None,
    );
    let setting = format!(", proxy: \"http://me:canary-5d1e@{}\"", proxy.address);
    let (status, server) = far.ask(&setting, &[]);
    assert_eq!(status, 502);
    assert!(server.log().contains("407"), "{}", server.log());
    assert!(!server.log().contains("canary-5d1e"));
    assert!(far.upstream.log().is_empty());
}

#[test]
fn the_environment_names_a_proxy_and_who_is_exempt_from_it() {
    let far = Far::new();
    let proxy = ForwardProxy::start(far.upstream.address, TUNNEL, None);
    let url = format!("http://{}", proxy.address);
    let proxied = ("HTTPS_PROXY", url.as_str());
    assert_eq!(far.ask("", &[proxied]).0, 200);
    assert_eq!(proxy.heads().len(), 1);
    assert_eq!(
        far.ask("", &[("https_proxy", &url), ("NO_PROXY", "other.invalid")])
            .0,
        200
    );
    assert_eq!(proxy.heads().len(), 2);
    // Without the proxy nothing leads there.
    assert_eq!(
        far.ask("", &[proxied, ("NO_PROXY", "a.example,.provider.invalid")])
            .0,
        502
    );
    assert_eq!(far.ask("", &[proxied, ("no_proxy", FAR)]).0, 502);
    assert_eq!(far.ask(", proxy: none", &[proxied]).0, 502);
    assert_eq!(proxy.heads().len(), 2);
}
