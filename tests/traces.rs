//! The store's traces as MLflow's search pages through them.

use serde_json::{Value, json};

use crate::http;
use crate::server::Server;
use crate::wait;

/// Every trace of experiment 0.
pub(crate) fn all(server: &Server) -> Vec<Value> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let experiment = json!({ "experiment_id": "0" });
        let mut ask = json!({
            "locations": [{ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment }],
            "max_results": 500,
        });
        if !token.is_empty() {
            ask["page_token"] = json!(token);
        }
        let path = "/api/3.0/mlflow/traces/search";
        let answer = http::post(server.address, path, &[], &ask).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let page = answer.json();
        found.extend(page["traces"].as_array().into_iter().flatten().cloned());
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return found,
        }
    }
}

/// Every trace, once there are at least so many.
#[track_caller]
pub(crate) fn at_least(server: &Server, count: usize) -> Vec<Value> {
    wait::for_some(&format!("{count} traces in the store"), || {
        let found = all(server);
        (found.len() >= count).then_some(found)
    })
}

/// 32 hexadecimal digits.
pub(crate) fn id(trace: &Value) -> &str {
    trace["trace_id"]
        .as_str()
        .unwrap()
        .trim_start_matches("tr-")
}
