//! strace, which makes system calls of a server slow or fail.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use crate::server::Server;
use crate::tool;
use crate::wait;

/// Lets the server go when it is dropped.
pub(super) struct Tracer(Child);

impl Tracer {
    /// Does to every thread's calls what strace's `inject` says, for example `fdatasync:error=EIO:when=3`. An error where
    /// processes can't be traced.
    pub(super) fn inject(server: &Server, what: &str) -> Result<Self, String> {
        let strace = tool::find("strace").ok_or("no strace")?;
        let call = what.split(':').next().unwrap_or_default();
        let log = server.folder.path().join("strace");
        let mut process = Command::new(strace)
            .args(["-f", "-e", &format!("trace={call}"), "-e"])
            .arg(format!("inject={what}"))
            .args(["-p", &server.pid().to_string()])
            .stdin(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .map_err(|error| format!("strace: {error}"))?;
        wait::for_some("strace", || {
            let said = fs::read_to_string(&log).unwrap();
            match process.try_wait().unwrap() {
                Some(_) => Some(Err(format!("the server can't be traced: {said}"))),
                None => said.contains("attached").then_some(Ok(())),
            }
        })?;
        Ok(Self(process))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
