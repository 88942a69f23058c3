//! `healthcheck`: whether a server on this machine is ready, for containers and units.

mod tls;

use super::error::CliError;
use super::place::Place;
use super::text::plain;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tls::Trust;

/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 4096;

/// Ask a running server whether it is ready (GET /readyz); the exit code is 0 if it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --url, the server of the configuration is asked at its own address, over TLS if `server.tls` is there. At that
address and on loopback its certificate is not verified, unless --ca-file says by whom it is signed: whoever listens
there is taken for the server, as without TLS.

Examples:
  tollgate healthcheck
  tollgate healthcheck --url http://127.0.0.1:4000/readyz --timeout 2
  tollgate healthcheck --url https://gateway.example.com --ca-file ca.pem")]
pub(super) struct Healthcheck {
    /// What to ask. Default: `/readyz` at the address of the configuration
    #[arg(long)]
    url: Option<String>,
    /// PEM file of the authorities to trust in place of the public ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Seconds to wait
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

impl Healthcheck {
    pub(super) fn run(&self, place: &Place, out: &mut dyn Write) -> Result<ExitCode, CliError> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                let basics = place.basics()?;
                let scheme = if basics.is_tls { "https" } else { "http" };
                format!("{scheme}://{}/readyz", reachable(basics.listen))
            }
        };
        let timeout = Duration::from_secs(self.timeout);
        let asked = Target::parse(&url).and_then(|target| {
            let is_own = self.url.is_none() || target.is_loopback();
            let trust = match &self.ca_file {
                Some(path) => Trust::File(path),
                None if is_own => Trust::Anyone,
                None => Trust::Public,
            };
            target.ask(trust, timeout)
        });
        let status = asked.map_err(|error| CliError::Usage(format!("{}: {error}", plain(&url))))?;
        writeln!(out, "{status}")?;
        Ok(match status {
            200 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }
}

/// Where a server that listens on every address can be reached.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// A URL, in parts.
struct Target<'a> {
    is_tls: bool,
    authority: &'a str,
    /// IPv6 without brackets.
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> std::io::Result<Self> {
        let invalid = |message: &str| std::io::Error::other(message.to_owned());
        let (is_tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => {
                return Err(invalid(
                    "expected a URL that begins with http:// or https://",
                ));
            }
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/readyz"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority, Some(if is_tls { 443 } else { 80 })),
        };
        let host = host
            .strip_prefix('[')
            .map_or(host, |host| host.trim_end_matches(']'));
        match port {
            Some(port) if !host.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self {
                    is_tls,
                    authority,
                    host,
                    port,
                    path,
                })
            }
            _ => Err(invalid("not a URL")),
        }
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// The status of a GET, at the first of the host's addresses that answers.
    fn ask(&self, trust: Trust<'_>, timeout: Duration) -> std::io::Result<u16> {
        let mut refused = std::io::Error::other("the name has no address");
        for address in (self.host, self.port).to_socket_addrs()? {
            match self.ask_at(&address, trust, timeout) {
                Ok(status) => return Ok(status),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn ask_at(
        &self,
        address: &SocketAddr,
        trust: Trust<'_>,
        timeout: Duration,
    ) -> std::io::Result<u16> {
        let tcp = TcpStream::connect_timeout(address, timeout)?;
        tcp.set_read_timeout(Some(timeout))?;
        tcp.set_write_timeout(Some(timeout))?;
        match self.is_tls {
            false => self.get(tcp),
            true => self.get(tls::connect(self.host, trust, tcp)?),
        }
    }

    fn get(&self, mut stream: impl Read + Write) -> std::io::Result<u16> {
        let (path, authority) = (self.path, self.authority);
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let mut part = [0; 512];
        while !answer.contains(&b'\n') && (answer.len() as u64) < MAX_ANSWER {
            match stream.read(&mut part)? {
                0 => break,
                length => answer.extend(part.iter().take(length)),
            }
        }
        status(&answer).ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
    }
}

/// The code of a status line.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(answer: &'static str) -> std::io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 512];
            let length = stream.read(&mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        });
        let status = Target::parse(&url)
            .and_then(|target| target.ask(Trust::Public, Duration::from_secs(5)));
        assert!(
            server
                .join()
                .unwrap()
                .starts_with("GET /readyz HTTP/1.1\r\nhost: 127.")
        );
        status
    }

    #[test]
    fn the_status_of_the_answer_is_told() {
        assert_eq!(
            answered("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap(),
            200
        );
        assert_eq!(
            answered("HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap(),
            503
        );
        assert!(answered("SSH-2.0\r\n").is_err());
        assert!(answered("").is_err());
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for url in [
            "ftp://127.0.0.1/",
            "127.0.0.1",
            "http://",
            "http:///readyz",
            "http://a b/",
            "http://a:b/",
            "https://:443/",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_url_is_read_in_parts() {
        let check = |url: &str, host: &str, port: u16, path: &str| {
            let target = Target::parse(url).unwrap();
            assert_eq!(
                (target.host, target.port, target.path),
                (host, port, path),
                "{url}"
            );
        };
        check("http://a", "a", 80, "/readyz");
        check("https://a/livez?x=1", "a", 443, "/livez?x=1");
        check("https://[::1]:4000/", "::1", 4000, "/");
        check("http://[::1]", "::1", 80, "/readyz");
    }

    #[test]
    fn a_server_on_every_address_is_reached_on_loopback() {
        let check = |listen: &str, expected: &str| {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:4000", "127.0.0.1:4000");
        check("[::]:1", "[::1]:1");
        check("10.0.0.1:2", "10.0.0.1:2");
    }
}
