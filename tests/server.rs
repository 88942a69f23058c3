//! The built binary as a process of its own, with a folder of its own.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::http;
use crate::upstream::Upstream;
use crate::wait;

/// The virtual key of [`configuration`]: every route and every scope but `admin`.
pub(crate) const KEY: &str = "tg-tests-0123456789abcdef0123456789abcdef";
/// May use `sim-openai` alone, three times a minute.
pub(crate) const NARROW_KEY: &str = "tg-narrow-0123456789abcdef0123456789abcdef";
/// What Tollgate shows to the upstream.
pub(crate) const CREDENTIAL: &str = "sk-upstream-canary-7c1d9b";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Holds `data/`, `log` and `tollgate.yaml`.
    pub(crate) folder: tempfile::TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    is_tls: bool,
    process: Child,
}

/// What a server finds beside its configuration.
#[derive(Default)]
pub(crate) struct Around<'a> {
    /// Files of the configuration's folder, and what is in them.
    pub(crate) files: &'a [(&'a str, &'a str)],
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// Whether the configuration has `server.tls`.
    pub(crate) is_tls: bool,
}

impl Server {
    /// On the embedded default, as `make run` starts it.
    pub(crate) fn embedded() -> Self {
        Self::spawn(Around::default(), |_, _| vec!["serve".to_owned()])
    }

    /// In front of `upstream`.
    pub(crate) fn before(upstream: &Upstream) -> Self {
        Self::configured(&configuration(upstream.address))
    }

    /// With this file; `LISTEN` in it stands for the address, `PORT` for its port.
    pub(crate) fn configured(yaml: &str) -> Self {
        Self::amid(Around::default(), yaml)
    }

    /// With this file, in these surroundings.
    pub(crate) fn amid(around: Around<'_>, yaml: &str) -> Self {
        Self::spawn(around, |folder, address| {
            let path = folder.join("tollgate.yaml");
            let yaml = yaml.replace("LISTEN", &address.to_string());
            fs::write(&path, yaml.replace("PORT", &address.port().to_string())).unwrap();
            vec![
                "serve".to_owned(),
                "--config".to_owned(),
                path.display().to_string(),
            ]
        })
    }

    fn spawn(around: Around<'_>, arguments: impl FnOnce(&Path, SocketAddr) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        for (name, text) in around.files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: Vec<_> = around.environment.iter().map(own).collect();
        let mut arguments = arguments(folder.path(), address);
        let data = folder.path().join("data");
        arguments.extend(["--data".to_owned(), data.display().to_string()]);
        let process = launch(folder.path(), address, &arguments, &environment);
        let mut server = Self {
            address,
            folder,
            arguments,
            environment,
            is_tls: around.is_tls,
            process,
        };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        wait::until("the server to be ready", || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            if self.is_tls {
                // Which certificate to trust is the test's business.
                return self.log().contains(&self.url());
            }
            http::get(self.address, "/readyz", &[]).is_ok_and(|answer| answer.status == 200)
        });
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("tollgate.yaml")
    }

    /// What the process wrote to standard output and standard error, over all of its starts.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Bytes that the process held in memory at most.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() << 10
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and the time until the process has ended well.
    #[expect(clippy::disallowed_methods, reason = "tests wait by the real clock")]
    pub(crate) fn stop(&mut self) -> Duration {
        let begun = Instant::now();
        self.tell("TERM");
        let status = self.process.wait().unwrap();
        assert!(status.success(), "it ended with {status}");
        begun.elapsed()
    }

    /// Sends a signal, by its name.
    pub(crate) fn tell(&self, signal: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Starts again after [`Self::kill`] or [`Self::stop`], on the same address and data.
    pub(crate) fn restart(&mut self) {
        self.process = launch(
            self.folder.path(),
            self.address,
            &self.arguments,
            &self.environment,
        );
        self.wait_until_ready();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

fn launch(
    folder: &Path,
    address: SocketAddr,
    arguments: &[String],
    environment: &[(String, String)],
) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(arguments)
        .current_dir(folder)
        .env("TOLLGATE_LISTEN", address.to_string())
        .env("TOLLGATE_DATA", folder.join("data"))
        .env_remove("HTTP_PROXY")
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// A port that was free just now; the server binds it again a moment later.
///
/// Below the range that the kernel gives to clients: a client that asks for a port of that range while no server
/// listens may be given the same port, and is then connected to itself.
pub(crate) fn free_address() -> SocketAddr {
    let random = RandomState::new();
    (0_u32..)
        .map(|attempt| 20_000 + random.hash_one(attempt) % 12_000)
        .filter_map(|port| u16::try_from(port).ok())
        .find_map(|port| {
            TcpListener::bind(("127.0.0.1", port))
                .ok()?
                .local_addr()
                .ok()
        })
        .unwrap()
}

/// A configuration with these further settings of the server.
pub(crate) fn serving(yaml: &str, settings: &str) -> String {
    let listen = r#"listen: "LISTEN""#;
    assert!(yaml.contains(listen), "{yaml}");
    yaml.replacen(listen, &format!("{listen}, {settings}"), 1)
}

/// Both dialects' upstreams at one address, by the names that applications use.
pub(crate) fn configuration(upstream: SocketAddr) -> String {
    format!(
        r#"server: {{ listen: "LISTEN" }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  openai: {{ kind: openai, base_url: "http://{upstream}/v1", api_key: "{CREDENTIAL}" }}
  anthropic: {{ kind: anthropic, base_url: "http://{upstream}", api_key: "{CREDENTIAL}" }}
  silent: {{ kind: openai, base_url: "http://{upstream}/v1", api_key: "{CREDENTIAL}", stream_usage: false }}
routes:
  sim-silent: {{ targets: [{{ provider: silent }}] }}
  sim-silent-private: {{ targets: [{{ provider: silent }}], capture: metadata }}
  sim-openai: {{ targets: [{{ provider: openai }}] }}
  sim-anthropic: {{ targets: [{{ provider: anthropic }}] }}
  sim-fallback: {{ targets: [{{ provider: openai, model: "sim-gpt+fault=500" }}], retry: {{ attempts: 1 }}, fallbacks: [sim-anthropic] }}
  sim-strict: {{ targets: [{{ provider: anthropic }}], on_loss: refuse }}
  "sim-gpt*": {{ targets: [{{ provider: openai }}], retry: {{ attempts: 1 }} }}
  "sim-claude*": {{ targets: [{{ provider: anthropic }}], retry: {{ attempts: 1 }} }}
  "gpt-*": {{ targets: [{{ provider: openai }}], retry: {{ attempts: 1 }} }}
  "o*": {{ targets: [{{ provider: openai }}], retry: {{ attempts: 1 }} }}
  "claude-*": {{ targets: [{{ provider: anthropic }}], retry: {{ attempts: 1 }} }}
  "text-embedding-*": {{ targets: [{{ provider: openai }}] }}
keys:
  tests: {{ key: "{KEY}", scopes: [invoke, read, metrics] }}
  narrow: {{ key: "{NARROW_KEY}", routes: [sim-openai], limits: [{{ requests: 3/min }}] }}
prices:
  silent/*: {{ input_usd_per_million: 1.25, output_usd_per_million: 10 }}
  openai/*: {{ input_usd_per_million: 1.25, cached_input_usd_per_million: 0.125, output_usd_per_million: 10 }}
  anthropic/*: {{ input_usd_per_million: 3, cached_input_usd_per_million: 0.30, cache_write_usd_per_million: 3.75, output_usd_per_million: 15 }}
"#
    )
}
