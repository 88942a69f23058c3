//! Child processes, each pinned to a core, and ended with the value that owns them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::clock::wait_until;
use crate::failure::{Failure, Naming as _, Result};
use crate::idle;
use crate::load::{Load, Seen};

/// A child that is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `program` on `core`; its output goes to `log`.
    pub(crate) fn start(
        core: u32,
        program: &Path,
        arguments: &[String],
        log: &Path,
    ) -> Result<Process> {
        let out = std::fs::File::create(log).naming(log.display().to_string())?;
        let errors = out.try_clone().naming(log.display().to_string())?;
        let child = pinned(core, program, arguments)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .naming(format!("starting {}", program.display()))?;
        Ok(Process { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn pinned(core: u32, program: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new("taskset");
    command
        .arg("-c")
        .arg(core.to_string())
        .arg(program)
        .args(arguments);
    command
}

/// This very binary, which is also the mock, the bare proxy and the load generator.
pub(crate) fn own_binary() -> Result<PathBuf> {
    std::env::current_exe().naming("finding this binary")
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).naming("binding a loopback port")?;
    listener.local_addr().naming("reading a port")
}

/// Waits until `process` accepts connections.
pub(crate) fn wait_for_listener(
    process: &mut Process,
    name: &str,
    address: SocketAddr,
) -> Result<()> {
    let is_up = wait_until(Duration::from_secs(30), || {
        process.has_ended() || TcpStream::connect(address).is_ok()
    });
    if is_up && !process.has_ended() {
        return Ok(());
    }
    Err(Failure::Broken(format!(
        "{name} did not come up on {address}; see its log in the data folder"
    )))
}

/// Runs the load generator as a process of its own on `core`.
pub(crate) fn run_load(core: u32, load: &Load, mut meanwhile: impl FnMut()) -> Result<Seen> {
    let mut child = pinned(core, &own_binary()?, &load_arguments("load", load))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .naming("starting the load generator")?;
    while child
        .try_wait()
        .naming("waiting for the load generator")?
        .is_none()
    {
        meanwhile();
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut line = String::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut line)
            .naming("reading the load generator's report")?;
    }
    serde_json::from_str(&line)
        .map_err(|error| Failure::Broken(format!("the load generator's report: {error}: {line:?}")))
}

/// Holds idle streams open while `look` looks; tells it how many there are.
pub(crate) fn with_idle_streams<T>(
    core: u32,
    load: &Load,
    look: impl FnOnce(u64) -> Result<T>,
) -> Result<T> {
    let mut child = pinned(core, &own_binary()?, &load_arguments(idle::COMMAND, load))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .naming("starting the idle clients")?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out)
            .read_line(&mut line)
            .naming("reading the idle clients' report")?;
    }
    let open = line
        .trim()
        .parse()
        .map_err(|_| Failure::Broken("the idle clients ended early".into()))?;
    let seen = look(open);
    drop(child.stdin.take());
    child.wait().naming("waiting for the idle clients")?;
    seen
}

fn load_arguments(command: &str, load: &Load) -> Vec<String> {
    let work = format!("{:?}", load.work).to_lowercase();
    let mut arguments = vec![
        command.to_owned(),
        format!("--to={}", load.to),
        format!("--work={work}"),
        format!("--connections={}", load.connections),
        format!("--requests={}", load.requests),
        format!("--at-most={}", load.at_most),
        format!("--request-bytes={}", load.request_bytes),
        format!("--key={}", load.key),
    ];
    if load.translated {
        arguments.push("--translated".into());
    }
    arguments
}

/// A small GET on loopback: status and body.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut socket = TcpStream::connect(address).naming(format!("connecting to {address}"))?;
    let asking = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(asking.as_bytes()).naming(path)?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).naming(path)?;
    let status = crate::http1::status(&answer);
    Ok((status, String::from_utf8_lossy(&answer).into_owned()))
}
