//! Tollgate as it is measured: key check, limits that never trip, cost, journal and traces all on.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::clock::wait_until;
use crate::failure::{Failure, Naming as _, Result};
use crate::process;
use crate::work::Work;

/// 0 once every span that the journal holds is in the store.
const UNDRAINED: &str = "tollgate_journal_undrained_bytes";
const DRAIN_LIMIT: Duration = Duration::from_secs(120);

/// Writes the configuration and gives the arguments to start with.
pub(crate) fn prepare(
    folder: &Path,
    address: SocketAddr,
    upstream: SocketAddr,
) -> Result<Vec<String>> {
    let path = folder.join("tollgate.yaml");
    fs::write(&path, configuration(address, upstream)).naming(path.display().to_string())?;
    let data = folder.join("data");
    fs::create_dir_all(&data).naming(data.display().to_string())?;
    Ok(vec![
        "serve".into(),
        "--config".into(),
        path.display().to_string(),
        "--data".into(),
        data.display().to_string(),
    ])
}

fn configuration(address: SocketAddr, upstream: SocketAddr) -> String {
    let mut routes = String::new();
    let mut prices = String::new();
    let price = "{ input_usd_per_million: 0.15, cached_input_usd_per_million: 0.075, output_usd_per_million: 0.60 }";
    for work in Work::ALL {
        let (model, translated) = (work.model(), work.translated_route());
        let _infallible = writeln!(
            routes,
            "  {model}: {{ capture: full, targets: [{{ provider: mock }}] }}\n  \
             {translated}: {{ capture: full, targets: [{{ provider: mock-claude, model: {model} }}] }}"
        );
        let _infallible = writeln!(
            prices,
            "  mock/{model}: {price}\n  mock-claude/{model}: {price}"
        );
    }
    format!(
        "server: {{ listen: \"{address}\" }}
providers:
  mock: {{ kind: openai, base_url: \"http://{upstream}/v1\", api_key: sk-mock }}
  mock-claude: {{ kind: anthropic, base_url: \"http://{upstream}\", api_key: sk-ant-mock }}
routes:
{routes}keys:
  bench:
    key: bench-key
    limits: [{{ requests: 1000000000/min, tokens: 1000000000000/min, concurrent: 100000 }}]
prices:
{prices}"
    )
}

/// The journal's bytes that are not in the store yet.
pub(crate) fn undrained(address: SocketAddr) -> Result<f64> {
    let (status, text) = process::get(address, "/metrics")?;
    let value = text.lines().find_map(|line| {
        line.strip_prefix(UNDRAINED)?
            .split_ascii_whitespace()
            .next_back()?
            .parse()
            .ok()
    });
    value.ok_or_else(|| Failure::Broken(format!("/metrics (status {status}) has no {UNDRAINED}")))
}

pub(crate) fn wait_until_drained(address: SocketAddr) -> Result<()> {
    undrained(address)?;
    if wait_until(DRAIN_LIMIT, || {
        undrained(address).is_ok_and(|bytes| bytes == 0.0)
    }) {
        return Ok(());
    }
    Err(Failure::Broken(format!(
        "the journal was not drained within {DRAIN_LIMIT:?}"
    )))
}
