//! A real Prometheus scrapes the metrics, and takes the alert rules.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::chat;
use crate::http;
use crate::recorder::Recorder;
use crate::server::{CREDENTIAL, KEY, Server, free_address};
use crate::tool;
use crate::wait;

/// May read metrics and nothing else.
const SCRAPER: &str = "tg-scraper-0123456789abcdef0123456789abcdef";

/// On every address, so that nothing is open without a key.
fn configuration(recorder: &Recorder) -> String {
    format!(
        r#"server: {{ listen: "0.0.0.0:PORT" }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  recorder: {{ kind: openai, base_url: "http://{}/v1", api_key: "{CREDENTIAL}" }}
routes:
  recorded: {{ targets: [{{ provider: recorder, model: m }}] }}
keys:
  tests: {{ key: "{KEY}", tags: {{ team: "a \"team\" \\ ours" }} }}
  scraper: {{ key: "{SCRAPER}", scopes: [metrics] }}
prices:
  recorder/*: {{ input_usd_per_million: 1, output_usd_per_million: 2 }}
"#,
        recorder.address
    )
}

/// Each costs 3 tokens at 1 µ$ and 1 token at 2 µ$.
fn spend(server: &Server, times: usize) {
    for _ in 0..times {
        let answer = chat::ask(server, &chat::body("recorded", "hi", false));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

struct Prometheus {
    address: SocketAddr,
    process: Child,
}

impl Prometheus {
    fn start(program: &Path, folder: &Path, target: SocketAddr) -> Self {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alerts.yml");
        let job = |name: &str, authorization: &str| {
            format!(
                "  - job_name: {name}\n    static_configs: [{{ targets: [\"{target}\"] }}]\n{authorization}"
            )
        };
        let config = format!(
            "global: {{ scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms }}\n\
             rule_files: [\"{}\"]\nscrape_configs:\n{}{}{}{}",
            rules.display(),
            job(
                "tollgate",
                &format!("    authorization: {{ credentials: {SCRAPER} }}\n")
            ),
            job(
                "basic",
                &format!("    basic_auth: {{ username: any, password: {SCRAPER} }}\n")
            ),
            job(
                "invoker",
                &format!("    authorization: {{ credentials: {KEY} }}\n")
            ),
            job("stranger", ""),
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let address = free_address();
        let log = File::create(folder.join("prometheus.log")).unwrap();
        let process = Command::new(program)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=prometheus")
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { address, process }
    }

    /// `data` of an answer of its API; nothing as long as it does not answer.
    fn ask(&self, path: &str) -> Option<Value> {
        let answer = http::get(self.address, path, &[]).ok()?;
        let body: Value = serde_json::from_str(&unchunked(&answer.body)).ok()?;
        (body["status"] == "success").then(|| body["data"].clone())
    }

    /// The only value of a query; nothing as long as there is none.
    fn value(&self, query: &str) -> Option<String> {
        let data = self.ask(&format!("/api/v1/query?query={query}"))?;
        let value = data["result"].as_array()?.first()?["value"][1].as_str()?;
        Some(value.to_owned())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A body with or without chunks' sizes around it.
fn unchunked(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else {
            return body.to_owned();
        };
        text.push_str(after.get(..size).unwrap_or_default());
        rest = after.get(size + 2..).unwrap_or_default();
    }
    if text.is_empty() {
        body.to_owned()
    } else {
        text
    }
}

#[test]
fn a_real_prometheus_scrapes_the_cost_with_a_key_of_the_scope() {
    let Some(program) = tool::find("prometheus") else {
        return;
    };
    let recorder = Recorder::start();
    let server = Server::configured(&configuration(&recorder));
    let prometheus = Prometheus::start(&program, server.folder.path(), server.address);
    spend(&server, 3);
    let reads = |query: &str, expected: &str| {
        wait::until(&format!("{query} to be {expected}"), || {
            prometheus.value(query).as_deref() == Some(expected)
        });
    };
    reads(
        "sum(tollgate_cost_nano_usd_total{job=\"tollgate\"})",
        "15000",
    );
    spend(&server, 1);
    reads(
        "sum(tollgate_cost_nano_usd_total{job=\"tollgate\"})",
        "20000",
    );
    reads(
        "sum(tollgate_cost_usd_total{job=\"basic\",key=\"tests\"})",
        "0.00002",
    );
    reads(
        "sum(tollgate_tokens_total{job=\"tollgate\",bucket=\"input\"})",
        "12",
    );
    reads(
        "sum(gen_ai_client_token_usage_sum{job=\"tollgate\",gen_ai_token_type=\"output\"})",
        "4",
    );
    // Who has no key, or one for other things, gets nothing.
    reads("up{job=\"tollgate\"}", "1");
    reads("up{job=\"basic\"}", "1");
    reads("up{job=\"invoker\"}", "0");
    reads("up{job=\"stranger\"}", "0");

    let rules = wait::for_some("the rules to be evaluated", || {
        let groups = prometheus.ask("/api/v1/rules")?;
        let rules = groups["groups"][0]["rules"].as_array()?.clone();
        let is_done = |rule: &Value| rule["health"] != "unknown";
        rules.iter().all(is_done).then_some(rules)
    });
    assert!(rules.len() >= 9);
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}

#[test]
fn promtool_finds_nothing_wrong_with_metrics_and_rules() {
    let Some(promtool) = tool::find("promtool") else {
        return;
    };
    let recorder = Recorder::start();
    let server = Server::configured(&configuration(&recorder));
    spend(&server, 1);
    let bearer = format!("Bearer {SCRAPER}");
    let headers = [("Authorization", bearer.as_str())];
    let metrics = http::get(server.address, "/metrics", &headers).unwrap();
    assert_eq!(metrics.status, 200, "{}", metrics.body);
    let path = server.folder.path().join("metrics");
    fs::write(&path, &metrics.body).unwrap();
    let input = File::open(&path).unwrap();
    tool::is_content(
        Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(input),
    );
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alerts.yml");
    let said = tool::is_content(Command::new(&promtool).args(["check", "rules"]).arg(rules));
    assert!(said.contains("SUCCESS"), "{said}");
}
