//! What a provider never reported is estimated, priced and marked.

use serde_json::{Value, json};

use tollgate_store::Store;

use crate::chat;
use crate::http;
use crate::metrics;
use crate::recorder::{Recorder, Script};
use crate::server::Server;
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

/// The trace of one call that breaks in this way, and its root span's attributes.
fn broken(model: &str) -> (Value, Value, String) {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let mut body = chat::body(model, "200 words", true);
    body["max_tokens"] = json!(5000);
    let answer = chat::ask(&server, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = traces::at_least(&server, 1).remove(0);
    wait::until("the estimate in the metrics", || {
        metrics::value(&server, "tollgate_estimated_requests_total") == 1.0
    });
    let path = format!(
        "/api/3.0/mlflow/traces/get?trace_id=tr-{}",
        traces::id(&found)
    );
    let whole = http::get(server.address, &path, &[]).unwrap().json();
    let spans = whole["trace"]["spans"].as_array().unwrap();
    let root = spans
        .iter()
        .find(|span| {
            span["parent_span_id"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        })
        .unwrap_or_else(|| panic!("no root: {whole}"));
    let came = upstream.log()[0].text.clone();
    (found, root["attributes"].clone(), came)
}

#[test]
fn a_stream_that_breaks_before_its_usage_is_estimated_by_what_came_of_it() {
    for model in [
        "sim-gpt+fault=pace:1,1+reset_after:50",
        "sim-gpt+fault=pace:1,1+close_after:50",
        "sim-claude+fault=pace:1,1+reset_after:50",
    ] {
        let (trace, attributes, came) = broken(model);
        assert_eq!(trace["state"], "ERROR", "{model}: {trace}");
        let metadata = &trace["trace_metadata"];
        let read = |name: &str| -> Value {
            let text = metadata[name].as_str();
            serde_json::from_str(text.unwrap_or_else(|| panic!("{model}: no {name}: {trace}")))
                .unwrap()
        };
        let usage = read("mlflow.trace.tokenUsage");
        let output = usage["output_tokens"].as_u64().unwrap();
        let words = came.split_whitespace().count() as u64;
        assert!(
            (words..2 * words).contains(&output),
            "{model}: {usage} for {came}"
        );
        assert!(
            usage["input_tokens"].as_u64().unwrap() > 0,
            "{model}: {usage}"
        );
        let cost = read("mlflow.trace.cost");
        assert!(
            cost["output_cost"].as_f64().unwrap() > 0.0,
            "{model}: {cost}"
        );
        assert!(
            cost["input_cost"].as_f64().unwrap() > 0.0,
            "{model}: {cost}"
        );
        assert!(
            attributes.to_string().contains("tollgate.estimated"),
            "{model}: {attributes}"
        );
    }
}

#[test]
fn what_is_counted_is_priced_at_the_tier_that_the_answer_named() {
    let recorder = Recorder::start();
    // The price table's row of a model that it knows at several tiers, not an override.
    let yaml = recorder.configuration("", "").replace(
        "provider: recorder }",
        "provider: recorder, model: gpt-5.4 }",
    );
    let (yaml, _) = yaml.split_once("prices:").unwrap();
    let server = Server::configured(yaml);
    // Pico-dollars a token, as `config/prices.json` has them.
    let tiers = [
        ("flex", 1_250_000, 7_500_000),
        ("priority", 5_000_000, 30_000_000),
        ("default", 2_500_000, 15_000_000),
    ];
    for (tier, _, _) in tiers {
        let answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5.4", "service_tier": tier,
            "choices": [{ "index": 0, "finish_reason": "stop",
                          "message": { "role": "assistant", "content": "five words and no usage" } }],
        })
        .to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        let bytes = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());
        recorder.script(Script {
            bytes: bytes.into_bytes(),
            closes: false,
        });
        let answer = chat::ask(&server, &chat::body("recorded", "a question", false));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    traces::at_least(&server, tiers.len());
    let store = Store::open(server.data().join("tollgate.db")).unwrap();
    let lines = store.ledger(None, 10).unwrap();
    let usage = lines[0].usage;
    assert!(
        usage.estimated && usage.input > 0 && usage.output > 0,
        "{usage:?}"
    );
    let mut costs = Vec::new();
    for line in &lines {
        // The same question, the same answer.
        assert_eq!((line.usage, line.unpriced), (usage, false), "{line:?}");
        costs.push((line.cost.input.0, line.cost.output.0));
    }
    costs.sort_unstable();
    let side = |tokens: u64, pico: u64| (tokens * pico / 1_000) as i64;
    let mut expected =
        tiers.map(|(_, input, output)| (side(usage.input, input), side(usage.output, output)));
    expected.sort_unstable();
    assert_eq!(costs, expected, "{usage:?}");
    let spent: i64 = costs.iter().map(|(input, output)| input + output).sum();
    wait::until("the metric to agree with the ledger", || {
        metrics::value(&server, "tollgate_cost_nano_usd_total") == spent as f64
    });
}
