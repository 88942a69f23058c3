//! Serves a store with a few sample traces, for MLflow's client to look at:
//!
//! ```text
//! cargo run -p tollgate-mlflow --example serve -- /tmp/sample.db 127.0.0.1:5001
//! python -c 'import mlflow; mlflow.set_tracking_uri("http://127.0.0.1:5001"); print(mlflow.search_traces())'
//! ```

use serde_json::json;
use std::collections::BTreeMap;
use tollgate_domain::{Cost, NanoUsd, SpanId, TraceId, Usage};
use tollgate_store::Store;
use tollgate_store::traces::{
    Attributes, Batch, RequestRow, SpanKind, SpanRow, SpanStatus, TraceRow,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: serve DATABASE ADDRESS")?;
    let address = arguments.next().ok_or("usage: serve DATABASE ADDRESS")?;
    let store = Store::open(path)?;
    let requests = (1..=5).map(sample).collect();
    store.insert(&Batch {
        requests,
        ..Batch::default()
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!("http://{}", listener.local_addr()?);
        axum::serve(listener, tollgate_mlflow::router(store)).await?;
        Ok(())
    })
}

/// A chat completion: the gateway's span and one attempt. The third one failed.
fn sample(number: u64) -> RequestRow {
    let start = 1_760_000_000_000_000_000 + number * 1_000_000_000;
    let span = |number: u64, parent: Option<u64>, name: &str| {
        let mut attributes = Attributes::default();
        attributes.set(
            "mlflow.spanInputs",
            &json!({"model": "chat", "messages": [{"role": "user", "content": format!("Question {number}?")}]}),
        );
        attributes.set(
            "mlflow.spanOutputs",
            &json!({"choices": [{"message": {"role": "assistant", "content": "An answer."}}]}),
        );
        attributes.set("mlflow.llm.model", "gpt-5");
        attributes.set("mlflow.llm.provider", "openai");
        attributes.set("mlflow.message.format", "openai");
        attributes.set("gen_ai.request.model", "chat");
        attributes.set("gen_ai.usage.input_tokens", &12);
        SpanRow {
            span: SpanId::from_bytes(number.to_be_bytes()),
            parent: parent.map(|parent| SpanId::from_bytes(parent.to_be_bytes())),
            name: name.to_string(),
            kind: if parent.is_some() {
                SpanKind::Client
            } else {
                SpanKind::Server
            },
            span_type: "CHAT_MODEL".into(),
            start_unix_nanos: start,
            end_unix_nanos: start + 1_234_567_890,
            status: if number / 10 == 3 {
                SpanStatus::Error("upstream broke".into())
            } else {
                SpanStatus::Ok
            },
            usage: Some(Usage {
                input: 10,
                cache_read: 2,
                output: 3,
                reasoning: 4,
                ..Usage::default()
            }),
            cost: Some(Cost {
                input: NanoUsd(12_500),
                output: NanoUsd(70_000),
            }),
            attributes,
            events: Vec::new(),
            links: Vec::new(),
        }
    };
    RequestRow {
        trace: TraceRow {
            trace: TraceId::from_bytes(u128::from(number).to_be_bytes()),
            experiment: 0,
            team: "search".into(),
            key: "quickstart".into(),
            client_request_id: Some(format!("request-{number}")),
            request_preview: format!("Question {number}?"),
            response_preview: "An answer.".into(),
            metadata: BTreeMap::from([("mlflow.trace.session".to_string(), "s1".to_string())]),
            tags: BTreeMap::from([("route".to_string(), "chat".to_string())]),
        },
        spans: vec![
            span(number * 10, None, "chat gpt-5"),
            span(number * 10 + 1, Some(number * 10), "attempt openai/gpt-5"),
        ],
        ledger: None,
    }
}
