//! The servers that are measured beside each other, and how each is started.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::clock::wait_until;
use crate::failure::{Failure, Naming as _, Result};
use crate::process::{self, Process};
use crate::tollgate;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Name {
    /// The mock upstream itself, with nothing between.
    Direct,
    /// The bare hyper proxy.
    Bare,
    Nginx,
    Tollgate,
}

impl Name {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Name::Direct => "direct",
            Name::Bare => "bare hyper proxy",
            Name::Nginx => "nginx",
            Name::Tollgate => "Tollgate",
        }
    }
}

/// Where things run and lie.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) server_core: u32,
    pub(crate) load_core: u32,
    pub(crate) data: PathBuf,
    pub(crate) nginx: PathBuf,
    pub(crate) tollgate: PathBuf,
}

/// A server under measurement.
pub(crate) struct Contestant {
    pub(crate) name: Name,
    pub(crate) address: SocketAddr,
    process: Process,
}

impl Contestant {
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until what the server put off is done.
    pub(crate) fn settle(&self) -> Result<()> {
        match self.name {
            Name::Tollgate => tollgate::wait_until_drained(self.address),
            Name::Direct | Name::Bare | Name::Nginx => Ok(()),
        }
    }
}

impl Place {
    /// The mock upstream, on the load's core.
    pub(crate) fn start_mock(&self) -> Result<Contestant> {
        let address = process::free_address()?;
        let arguments = ["mock".to_owned(), format!("--listen={address}")];
        let log = self.data.join("mock.log");
        let mut process =
            Process::start(self.load_core, &process::own_binary()?, &arguments, &log)?;
        process::wait_for_listener(&mut process, "the mock upstream", address)?;
        Ok(Contestant {
            name: Name::Direct,
            address,
            process,
        })
    }

    /// Whether this contestant can be had here; if not, why.
    pub(crate) fn lacks(&self, name: Name) -> Option<String> {
        let (program, remedy) = match name {
            Name::Direct | Name::Bare => return None,
            Name::Nginx => (
                &self.nginx,
                "install Debian's package `nginx-light`, or pass --nginx",
            ),
            Name::Tollgate => (
                &self.tollgate,
                "build it with `cargo build --release`, or pass --tollgate",
            ),
        };
        (!program.is_file()).then(|| {
            format!(
                "{} is left out: no {} ({remedy})",
                name.title(),
                program.display()
            )
        })
    }

    pub(crate) fn start(&self, name: Name, upstream: SocketAddr) -> Result<Contestant> {
        let address = process::free_address()?;
        let folder = self.data.join(format!("{name:?}").to_lowercase());
        if folder.exists() {
            fs::remove_dir_all(&folder).naming(folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).naming(folder.display().to_string())?;
        let (program, arguments) = match name {
            Name::Direct => {
                return Err(Failure::Broken(
                    "the mock upstream is started on its own".into(),
                ));
            }
            Name::Bare => {
                let arguments = [
                    "proxy".into(),
                    format!("--listen={address}"),
                    format!("--upstream={upstream}"),
                ];
                (process::own_binary()?, arguments.to_vec())
            }
            Name::Nginx => (self.nginx.clone(), nginx(&folder, address, upstream)?),
            Name::Tollgate => (
                self.tollgate.clone(),
                tollgate::prepare(&folder, address, upstream)?,
            ),
        };
        let log = self.data.join(format!("{name:?}.log").to_lowercase());
        let mut process = Process::start(self.server_core, &program, &arguments, &log)?;
        process::wait_for_listener(&mut process, name.title(), address)?;
        if name == Name::Tollgate {
            let is_ready = wait_until(Duration::from_secs(30), || {
                process::get(address, "/readyz").is_ok_and(|(status, _)| status == 200)
            });
            if !is_ready {
                return Err(Failure::Broken(
                    "Tollgate did not become ready; see tollgate.log".into(),
                ));
            }
        }
        Ok(Contestant {
            name,
            address,
            process,
        })
    }
}

/// Writes nginx's configuration and gives its arguments.
fn nginx(folder: &Path, address: SocketAddr, upstream: SocketAddr) -> Result<Vec<String>> {
    let shown = folder.display();
    // `master_process off` makes the one process that is started the one that works.
    let text = format!(
        "daemon off;
master_process off;
worker_rlimit_nofile 20000;
error_log {shown}/error.log warn;
pid {shown}/nginx.pid;
events {{ worker_connections 19000; multi_accept on; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_body_buffer_size 16k;
    client_body_temp_path {shown}/body;
    proxy_temp_path {shown}/proxy;
    fastcgi_temp_path {shown}/fastcgi;
    uwsgi_temp_path {shown}/uwsgi;
    scgi_temp_path {shown}/scgi;
    upstream mock {{ server {upstream}; keepalive 1024; keepalive_requests 1000000000; }}
    server {{
        listen {address} backlog=4096;
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
            proxy_read_timeout 300s;
        }}
    }}
}}
"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, text).naming(path.display().to_string())?;
    Ok(vec![
        "-p".into(),
        shown.to_string(),
        "-c".into(),
        path.display().to_string(),
    ])
}
