//! A team's existing MLflow server gets the same traces by OTLP.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::http;
use crate::script::run_with_key;
use crate::server::{KEY, Server, configuration, free_address};
use crate::upstream::Upstream;
use crate::wait;

/// The real server, on SQLite in a folder of its own.
struct MlflowServer {
    address: SocketAddr,
    folder: tempfile::TempDir,
    process: Child,
}

impl MlflowServer {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/mlflow");
        let log = File::create(folder.path().join("log")).unwrap();
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let process = Command::new(program)
            .args(["server", "--host", &host, "--port", &port, "--workers", "1"])
            .args(["--backend-store-uri", "sqlite:///mlflow.db"])
            .args(["--default-artifact-root", "artifacts"])
            .current_dir(folder.path())
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("DO_NOT_TRACK", "true")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        let mut server = Self {
            address,
            folder,
            process,
        };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        // It imports and migrates for long on a busy machine.
        wait::until_at_last("the MLflow server to be ready", || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the MLflow server ended with {status}:\n{}", self.log());
            }
            http::get(self.address, "/health", &[]).is_ok_and(|answer| answer.status == 200)
        });
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for MlflowServer {
    fn drop(&mut self) {
        // Its workers are of its group.
        let id = i32::try_from(self.process.id()).unwrap_or(0);
        if let Some(group) = rustix::process::Pid::from_raw(id) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the MLflow server's log:\n{}", self.log());
        }
    }
}

#[test]
fn a_real_mlflow_server_shows_exported_traces_with_tokens_and_cost() {
    let upstream = Upstream::start();
    let mlflow = MlflowServer::start();
    let url = format!("http://{}", mlflow.address);
    let telemetry = format!(
        "telemetry: {{ otlp: [{{ endpoint: \"{url}/v1/traces\", headers: {{ x-mlflow-experiment-id: \"0\" }}, own_spans: false }}] }}\n"
    );
    let server = Server::configured(&(configuration(upstream.address) + &telemetry));
    run_with_key(
        "mlflow_otlp.py",
        &server,
        KEY,
        &[("MLFLOW_SERVER_URL", url)],
    );
}
