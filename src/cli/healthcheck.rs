//! `healthcheck`: whether a server on this machine is ready, for containers and units.

use super::error::CliError;
use super::place::Place;
use super::text::plain;
use std::io::{Read as _, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 4096;

/// Ask a running server whether it is ready (GET /readyz); the exit code is 0 if it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate healthcheck
  tollgate healthcheck --url http://127.0.0.1:4000/readyz --timeout 2")]
pub(super) struct Healthcheck {
    /// What to ask, by plain HTTP. Default: `/readyz` at the address of the configuration
    #[arg(long)]
    url: Option<String>,
    /// Seconds to wait
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

impl Healthcheck {
    pub(super) fn run(&self, place: &Place, out: &mut dyn Write) -> Result<ExitCode, CliError> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => format!("http://{}/readyz", reachable(place.basics()?.listen)),
        };
        let timeout = Duration::from_secs(self.timeout);
        let status = get(&url, timeout)
            .map_err(|error| CliError::Usage(format!("{}: {error}", plain(&url))))?;
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

/// The status of a GET.
fn get(url: &str, timeout: Duration) -> std::io::Result<u16> {
    let invalid = |message: &str| std::io::Error::other(message.to_owned());
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| invalid("expected a URL that begins with http://"))?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/readyz"),
    };
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || authority.is_empty() {
        return Err(invalid("not a URL"));
    }
    let address = match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:80"),
    };
    let mut refused = invalid("the name has no address");
    for address in address.to_socket_addrs()? {
        match ask(&address, authority, path, timeout) {
            Ok(status) => return Ok(status),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn ask(
    address: &SocketAddr,
    authority: &str,
    path: &str,
    timeout: Duration,
) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
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
        let status = get(&url, Duration::from_secs(5));
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
            "https://127.0.0.1/",
            "127.0.0.1",
            "http://",
            "http:///readyz",
            "http://a b/",
        ] {
            assert!(get(url, Duration::from_secs(1)).is_err(), "{url}");
        }
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
