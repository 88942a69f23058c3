//! What a provider never reported is estimated, priced and marked.

use serde_json::{Value, json};

use crate::chat;
use crate::http;
use crate::metrics;
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
