//! `server`: the listener and its limits.

use crate::config::read::{Bytes, List, Located, PathText, Reader, list, section};
use crate::config::snapshot::{Server, Tls};
use crate::config::units::show_bytes;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// The listener and its limits.
    pub(crate) struct ServerSection {
        /// Address and port. Beyond loopback every call needs a key. Default: `127.0.0.1:4000`. Takes a restart.
        listen: SocketAddr,
        /// Serve HTTPS.
        tls: TlsSection,
        /// Names that `Host` may have where no key is asked for, beside localhost, 127.0.0.1 and [::1].
        allowed_hosts: List<String>,
        /// The largest request body, after decoding. Default: `32MiB`.
        max_body: Bytes,
        /// The largest request head. Default: `32KiB`.
        max_head: Bytes,
        /// How long streams may go on after a stop was asked for. Default: `30s`.
        drain: Duration,
        /// Until a request's head must be there. Default: `10s`.
        header_timeout: Duration,
        /// Until a request's body must be there, counted from its head. Default: `60s`.
        body_timeout: Duration,
        /// How long a connection may stay without a request, and a client without taking a byte of its answer. Default:
        /// `90s`.
        idle_timeout: Duration,
        /// Connections at once. Default: 10000.
        max_connections: usize,
        /// Threads that serve requests. Default: one a core. Takes a restart.
        workers: usize,
    }
}

section! {
    /// Certificate and key; they are read again when they change.
    pub(crate) struct TlsSection {
        /// PEM file of the certificate chain, relative to this file's folder.
        cert: PathText = required,
        /// PEM file of the private key, relative to this file's folder.
        key: PathText = required,
    }
}

impl ServerSection {
    /// The address to listen on: the section's, or the default.
    pub(crate) fn listen_or_default(section: Option<&Self>) -> SocketAddr {
        let given = section.and_then(|section| section.listen.as_ref());
        given.map_or(SocketAddr::from(([127, 0, 0, 1], 4000)), |at| at.value)
    }
}

pub(crate) fn resolve(section: Option<&ServerSection>, reader: &mut Reader<'_>) -> Server {
    let mut server = Server {
        listen: ServerSection::listen_or_default(section),
        tls: None,
        allowed_hosts: Vec::new(),
        max_body: 32 << 20,
        max_head: 32 << 10,
        drain: Duration::from_secs(30),
        header_timeout: Duration::from_secs(10),
        body_timeout: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(90),
        max_connections: 10_000,
        workers: None,
    };
    let Some(section) = section else {
        return server;
    };
    server.tls = section
        .tls
        .as_ref()
        .and_then(|tls| resolve_tls(tls, reader));
    server.allowed_hosts = resolve_hosts(&section.allowed_hosts, reader);
    if let Some(size) = bounded_size(section.max_body.as_ref(), 1 << 10, 4 << 30, reader) {
        server.max_body = size;
    }
    if let Some(size) = bounded_size(section.max_head.as_ref(), 4 << 10, 1 << 20, reader) {
        server.max_head = size as usize;
    }
    if let Some(drain) = &section.drain {
        server.drain = drain.value;
    }
    for (given, setting) in [
        (&section.header_timeout, &mut server.header_timeout),
        (&section.body_timeout, &mut server.body_timeout),
        (&section.idle_timeout, &mut server.idle_timeout),
    ] {
        if let Some(duration) = above_zero(given.as_ref(), reader) {
            *setting = duration;
        }
    }
    if let Some(count) = &section.max_connections {
        server.max_connections = count.value;
    }
    server.workers = section.workers.as_ref().map(|count| count.value);
    server
}

fn resolve_tls(section: &TlsSection, reader: &mut Reader<'_>) -> Option<Tls> {
    let cert = readable(section.cert.as_ref(), reader);
    let key = readable(section.key.as_ref(), reader);
    Some(Tls {
        cert: cert?,
        key: key?,
    })
}

fn resolve_hosts(hosts: &Option<Located<List<String>>>, reader: &mut Reader<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for host in list(hosts) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_name) {
            reader.note_at(
                host,
                "expected a host's name such as `gateway.example.com`, without scheme or path",
            );
        } else {
            names.push(host.to_ascii_lowercase());
        }
    }
    names
}

/// A duration that is longer than nothing.
pub(crate) fn above_zero(
    duration: Option<&Located<Duration>>,
    reader: &mut Reader<'_>,
) -> Option<Duration> {
    let duration = duration?;
    if duration.is_zero() {
        reader.note_at(duration, "must be longer than 0");
        return None;
    }
    Some(duration.value)
}

pub(crate) fn bounded_size(
    size: Option<&Located<Bytes>>,
    least: u64,
    most: u64,
    reader: &mut Reader<'_>,
) -> Option<u64> {
    let size = size?;
    if !(least..=most).contains(&size.0) {
        let (least, most) = (show_bytes(least), show_bytes(most));
        reader.note_at(size, format!("must be between {least} and {most}"));
        return None;
    }
    Some(size.0)
}

/// A file that can be read, watched from now on. Relative to the configuration's folder.
pub(crate) fn readable(
    path: Option<&Located<PathText>>,
    reader: &mut Reader<'_>,
) -> Option<PathBuf> {
    let given = path?;
    let path = reader.folder.join(&given.0);
    reader.watched.push(path.clone());
    match std::fs::File::open(&path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Some(path),
        Ok(_) => {
            reader.note_at(given, format!("`{}` is no file", given.0.display()));
            None
        }
        Err(error) => {
            let message = format!("cannot read the file `{}`: {error}", given.0.display());
            reader.note_at(given, message);
            None
        }
    }
}
