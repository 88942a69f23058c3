//! The API from outside: requests in, status and JSON out. That MLflow's own client is content is tried at the root.

use crate::router;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate_domain::{Cost, NanoUsd, SpanId, TraceId, Usage};
use tollgate_store::Store;
use tollgate_store::traces::{
    Attributes, Batch, RequestRow, SpanKind, SpanRow, SpanStatus, TraceRow,
};
use tower::ServiceExt;

struct Api {
    router: Router,
    store: Store,
    _dir: TempDir,
}

fn api() -> Api {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("tollgate.db")).unwrap();
    Api {
        router: router(store.clone()),
        store,
        _dir: dir,
    }
}

impl Api {
    async fn send(&self, method: Method, path: &str, body: Option<&str>) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = Body::from(body.unwrap_or_default().to_string());
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, text) = self.send(Method::GET, path, None).await;
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let (status, text) = self.send(Method::POST, path, Some(&body.to_string())).await;
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// A trace with one span.
    fn add(&self, number: u8) {
        let mut attributes = Attributes::default();
        attributes.set("mlflow.spanInputs", &json!({"messages": [1]}));
        let span = SpanRow {
            span: SpanId::from_bytes([number; 8]),
            parent: None,
            name: "chat gpt-5".into(),
            kind: SpanKind::Server,
            span_type: "CHAT_MODEL".into(),
            start_unix_nanos: 1_700_000_000_000_000_000,
            end_unix_nanos: 1_700_000_001_500_000_000,
            status: SpanStatus::Ok,
            usage: Some(Usage {
                input: 3,
                output: 4,
                ..Usage::default()
            }),
            cost: Some(Cost {
                input: NanoUsd(1),
                output: NanoUsd(2),
            }),
            attributes,
            events: Vec::new(),
            links: Vec::new(),
        };
        let trace = TraceRow {
            trace: TraceId::from_bytes([number; 16]),
            experiment: 0,
            team: String::new(),
            key: String::new(),
            client_request_id: None,
            request_preview: "question".into(),
            response_preview: "answer".into(),
            metadata: Default::default(),
            tags: Default::default(),
        };
        self.store
            .insert(&Batch {
                requests: vec![RequestRow {
                    trace,
                    spans: vec![span],
                    ledger: None,
                }],
                ..Batch::default()
            })
            .unwrap();
    }
}

const ONE: &str = "tr-01010101010101010101010101010101";

#[tokio::test]
async fn the_version_is_the_one_that_the_client_looks_for() {
    let api = api();
    assert_eq!(api.get("/version").await, (StatusCode::OK, json!("3.17.2")));
    assert_eq!(api.get("/health").await, (StatusCode::OK, json!("OK")));
    let (status, info) = api.get("/ajax-api/3.0/mlflow/server-info").await;
    assert_eq!(
        (status, &info["store_type"]),
        (StatusCode::OK, &json!("SqlStore"))
    );
}

#[tokio::test]
async fn a_trace_is_found_and_read_with_its_spans() {
    let api = api();
    api.add(1);
    let search = json!({"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]});
    let (status, found) = api.post("/api/3.0/mlflow/traces/search", &search).await;
    assert_eq!(status, StatusCode::OK);
    let info = json!({
        "trace_id": ONE,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_preview": "question",
        "response_preview": "answer",
        "request_time": "2023-11-14T22:13:20Z",
        "execution_duration": "1.500s",
        "state": "OK",
        "trace_metadata": {
            "mlflow.trace_schema.version": "3",
            "mlflow.trace.tokenUsage": r#"{"input_tokens":3,"output_tokens":4,"total_tokens":7}"#,
            "mlflow.trace.cost": r#"{"input_cost":1e-9,"output_cost":2e-9,"total_cost":3e-9}"#,
        },
        "tags": {"mlflow.traceName": "chat gpt-5", "mlflow.trace.spansLocation": "TRACKING_STORE"},
    });
    assert_eq!(found, json!({ "traces": [info] }));

    let (_, one) = api.get(&format!("/api/3.0/mlflow/traces/{ONE}")).await;
    assert_eq!(one, json!({"trace": {"trace_info": info}}));
    let (_, infos) = api
        .post(
            "/api/3.0/mlflow/traces/batchGetInfos",
            &json!({"trace_ids": [ONE]}),
        )
        .await;
    assert_eq!(infos, json!({"trace_infos": [info]}));

    let (_, whole) = api
        .get(&format!(
            "/api/3.0/mlflow/traces/get?trace_id={ONE}&allow_partial=true"
        ))
        .await;
    let path = format!(
        "/ajax-api/3.0/mlflow/traces/batchGet?trace_ids={ONE}&trace_ids={ONE}&trace_ids=tr-x"
    );
    let (_, batch) = api.get(&path).await;
    assert_eq!(batch["traces"], json!([whole["trace"]]));
    let span = &whole["trace"]["spans"][0];
    assert_eq!(span["span_id"], "AQEBAQEBAQE=");
    assert_eq!(span["start_time_unix_nano"], 1_700_000_000_000_000_000_u64);
    assert_eq!(span["status"]["code"], "STATUS_CODE_OK");
    let attributes = span["attributes"].as_array().unwrap();
    let inputs = attributes
        .iter()
        .find(|a| a["key"] == "mlflow.spanInputs")
        .unwrap();
    let messages = &inputs["value"]["kvlist_value"]["values"][0];
    assert_eq!(
        messages["value"]["array_value"]["values"][0],
        json!({"int_value": 1})
    );
    let (_, none) = api
        .get(&format!(
            "/api/3.0/mlflow/traces/batchGet?trace_ids={ONE}&experiment_ids=7"
        ))
        .await;
    assert_eq!(none, json!({}));
}

#[tokio::test]
async fn tags_are_set_and_removed_under_both_versions() {
    let api = api();
    api.add(1);
    for version in ["2.0", "3.0"] {
        let path = format!("/api/{version}/mlflow/traces/{ONE}/tags");
        let set = api
            .send(
                Method::PATCH,
                &path,
                Some(r#"{"key":"my.tag","value":"v"}"#),
            )
            .await;
        assert_eq!(set, (StatusCode::OK, "{}".to_string()));
        let (_, trace) = api.get(&format!("/api/3.0/mlflow/traces/{ONE}")).await;
        assert_eq!(trace["trace"]["trace_info"]["tags"]["my.tag"], "v");
        let delete = api
            .send(Method::DELETE, &path, Some(r#"{"key":"my.tag"}"#))
            .await;
        assert_eq!(delete.0, StatusCode::OK);
        let again = api
            .send(Method::DELETE, &path, Some(r#"{"key":"my.tag"}"#))
            .await;
        assert_eq!(again.0, StatusCode::NOT_FOUND);
        let bad = api
            .send(Method::PATCH, &path, Some(r#"{"key":"../x","value":"v"}"#))
            .await;
        assert_eq!(bad.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn an_experiment_is_made_found_renamed_and_deleted() {
    let api = api();
    let create = json!({"name": "one", "tags": [{"key": "team", "value": "search"}]});
    let (_, made) = api
        .post("/api/2.0/mlflow/experiments/create", &create)
        .await;
    assert_eq!(made, json!({"experiment_id": "1"}));
    let (status, taken) = api
        .post("/api/2.0/mlflow/experiments/create", &create)
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(taken["error_code"], "RESOURCE_ALREADY_EXISTS");
    let (_, found) = api
        .get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=one")
        .await;
    assert_eq!(found["experiment"]["experiment_id"], "1");
    assert_eq!(found["experiment"]["lifecycle_stage"], "active");
    assert_eq!(
        found["experiment"]["tags"],
        json!([{"key": "team", "value": "search"}])
    );
    for (path, body) in [
        ("update", json!({"experiment_id": "1", "new_name": "two"})),
        (
            "set-experiment-tag",
            json!({"experiment_id": "1", "key": "a", "value": "b"}),
        ),
        (
            "delete-experiment-tag",
            json!({"experiment_id": "1", "key": "a"}),
        ),
        ("delete", json!({"experiment_id": "1"})),
    ] {
        let (status, answer) = api
            .post(&format!("/api/2.0/mlflow/experiments/{path}"), &body)
            .await;
        assert_eq!((status, answer), (StatusCode::OK, json!({})), "{path}");
    }
    let (_, all) = api
        .post(
            "/api/2.0/mlflow/experiments/search",
            &json!({"view_type": "DELETED_ONLY"}),
        )
        .await;
    assert_eq!(all["experiments"][0]["name"], "two");
    let (_, active) = api
        .get("/ajax-api/2.0/mlflow/experiments/search?max_results=5")
        .await;
    assert_eq!(active["experiments"].as_array().unwrap().len(), 1);
    let restored = api
        .post(
            "/api/2.0/mlflow/experiments/restore",
            &json!({"experiment_id": "1"}),
        )
        .await;
    assert_eq!(restored.0, StatusCode::OK);
}

#[tokio::test]
async fn mistakes_are_answered_as_mlflow_answers_them() {
    let api = api();
    let invalid = |answer: &(StatusCode, Value)| {
        answer.0 == StatusCode::BAD_REQUEST && answer.1["error_code"] == "INVALID_PARAMETER_VALUE"
    };
    let missing = |answer: &(StatusCode, Value)| {
        answer.0 == StatusCode::NOT_FOUND && answer.1["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    };
    let location = json!([{"mlflow_experiment": {"experiment_id": "0"}}]);
    for body in [
        json!({}),
        json!({"locations": location, "filter": "foo = 'x'"}),
        json!({"locations": location, "max_results": 501}),
        json!({"locations": location, "max_results": 0}),
        json!({"locations": location, "filter": 5}),
        json!({"locations": location, "page_token": "zz"}),
        json!({"locations": location, "order_by": ["nothing"]}),
        json!({"locations": [{"mlflow_experiment": {"experiment_id": "x"}}]}),
    ] {
        let answer = api.post("/api/3.0/mlflow/traces/search", &body).await;
        assert!(invalid(&answer), "{body}: {answer:?}");
    }
    assert!(invalid(&api.get("/api/2.0/mlflow/experiments/get").await));
    assert!(invalid(&api.get("/api/3.0/mlflow/traces/batchGet").await));
    assert!(missing(
        &api.get("/api/2.0/mlflow/experiments/get?experiment_id=77")
            .await
    ));
    assert!(missing(
        &api.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=x")
            .await
    ));
    assert!(missing(&api.get("/api/3.0/mlflow/traces/tr-1").await));
    assert!(missing(
        &api.get(&format!("/api/3.0/mlflow/traces/get?trace_id={ONE}"))
            .await
    ));

    let (status, text) = api
        .send(Method::POST, "/api/3.0/mlflow/traces/search", None)
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("Content-Type"), "{text}");
    let (status, text) = api.send(Method::GET, "/api/2.0/mlflow/nothing", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.starts_with("<!doctype html>"), "{text}");
    let (status, text) = api
        .send(Method::PUT, "/api/2.0/mlflow/experiments/create", None)
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(text.starts_with("<!doctype html>"), "{text}");
}
