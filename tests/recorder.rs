//! A strict upstream that keeps the bytes: what a provider's front would see, read in the one way that RFC 9112 leaves.
//!
//! It takes `POST`s with one Host and one Content-Length alone, so that whatever else a gateway might let through shows
//! up as a violation, and never as a request.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::server::{CREDENTIAL, KEY};

pub(crate) const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"recorded","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

/// One request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Recorded>,
    violations: Vec<String>,
    connections: usize,
    scripts: VecDeque<Script>,
}

/// What is sent in place of the usual answer.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection is closed behind it.
    pub(crate) closes: bool,
}

pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Recorder {
    /// Its threads end with their connections, and the accepting one with the test's process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let seen = shared.clone();
                seen.lock().unwrap().connections += 1;
                thread::spawn(move || serve(socket.unwrap(), &seen));
            }
        });
        Self { address, seen }
    }

    /// With this recorder as the only provider, of the route `recorded`: these further settings of the server, and these
    /// of the route.
    pub(crate) fn configuration(&self, server: &str, route: &str) -> String {
        format!(
            r#"server: {{ listen: "LISTEN"{server} }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  recorder: {{ kind: openai, base_url: "http://{}/v1", api_key: "{CREDENTIAL}" }}
routes:
  recorded: {{ targets: [{{ provider: recorder }}], retry: {{ attempts: 1 }}{route} }}
keys:
  tests: {{ key: "{KEY}" }}
prices:
  recorder/*: {{ input_usd_per_million: 1, output_usd_per_million: 1 }}
"#,
            self.address
        )
    }

    /// Everything that came; panics if anything else than well framed requests did.
    #[track_caller]
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        let seen = self.seen.lock().unwrap();
        assert!(seen.violations.is_empty(), "{:#?}", seen.violations);
        seen.requests.clone()
    }

    /// The next request is answered so.
    pub(crate) fn script(&self, script: Script) {
        self.seen.lock().unwrap().scripts.push_back(script);
    }

    /// Since the start.
    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

fn serve(mut socket: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    loop {
        match read(&mut reader) {
            Ok(None) => return,
            Ok(Some(request)) => seen.lock().unwrap().requests.push(request),
            Err(violation) => {
                seen.lock().unwrap().violations.push(violation);
                return;
            }
        }
        let script = seen.lock().unwrap().scripts.pop_front();
        let script = script.unwrap_or_else(|| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{ANSWER}", ANSWER.len());
            Script {
                bytes: answer.into_bytes(),
                closes: false,
            }
        });
        // The gateway may have gone.
        if socket.write_all(&script.bytes).is_err() || script.closes {
            return;
        }
    }
}

/// One request; nothing where the connection ends between two.
fn read(reader: &mut impl BufRead) -> Result<Option<Recorded>, String> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        let length = reader.read_until(b'\n', &mut line).unwrap_or(0);
        if length == 0 && lines.is_empty() {
            return Ok(None);
        }
        let text = String::from_utf8(line).map_err(|error| format!("{error} in a head"))?;
        let Some(line) = text.strip_suffix("\r\n") else {
            return Err(format!("no line of a head: {text:?}"));
        };
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let bad = |what: &str| format!("{what}: {lines:?}");
    let (line, fields) = lines.split_first().ok_or("an empty line")?;
    if !line.starts_with("POST /") || !line.ends_with(" HTTP/1.1") || line.split(' ').count() != 3 {
        return Err(bad("no request line"));
    }
    let mut headers = Vec::new();
    for field in fields {
        let (name, value) = field.split_once(": ").ok_or_else(|| bad("no field"))?;
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let of = |wanted: &str| -> Vec<&str> {
        let found = headers.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    };
    if of("host").len() != 1 || !of("transfer-encoding").is_empty() {
        return Err(bad("not one Host, or a Transfer-Encoding"));
    }
    let length = match of("content-length").as_slice() {
        [one] => one.parse::<usize>().map_err(|_| bad("no length"))?,
        _ => return Err(bad("not one Content-Length")),
    };
    let mut body = vec![0; length];
    reader
        .read_exact(&mut body)
        .map_err(|_| bad("the body broke off"))?;
    Ok(Some(Recorded {
        line: line.clone(),
        body: String::from_utf8(body).map_err(|_| bad("a body that is no text"))?,
        headers,
    }))
}
