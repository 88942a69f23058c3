//! Which path leads to which endpoint.

use crate::answer::{Answer, ApiError, Code, method_not_allowed, not_found, respond};
use crate::request::Parameters;
use crate::{experiments, traces};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use axum::routing::{self, MethodFilter, MethodRouter, get};
use serde_json::json;
use std::collections::HashMap;
use tollgate_store::Store;

/// The MLflow version whose API this is: what its client reads at `/version`.
pub const VERSION: &str = "3.17.2";

type Endpoint = fn(&Store, &Parameters) -> Answer;

/// MLflow's REST API, with `/version` and `/health`.
///
/// Below `/api` and `/ajax-api` it answers every path (an unknown one with 404). Nothing is authenticated here.
pub fn router(store: Store) -> Router {
    let api = Router::new()
        .nest("/2.0/mlflow", experiment_routes().merge(tag_routes()))
        .nest("/3.0/mlflow", trace_routes().merge(tag_routes()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    Router::new()
        .nest("/api", api.clone())
        .nest("/ajax-api", api)
        .route("/version", get(|| async { VERSION }))
        .route("/health", get(|| async { "OK" }))
        .with_state(store)
}

fn experiment_routes() -> Router<Store> {
    Router::new()
        .route("/experiments/create", by_body(experiments::create))
        .route("/experiments/get", by_query(experiments::get))
        .route(
            "/experiments/get-by-name",
            by_query(experiments::get_by_name),
        )
        .route(
            "/experiments/search",
            by_body(experiments::search).merge(by_query(experiments::search)),
        )
        .route("/experiments/delete", by_body(experiments::delete))
        .route("/experiments/restore", by_body(experiments::restore))
        .route("/experiments/update", by_body(experiments::update))
        .route(
            "/experiments/set-experiment-tag",
            by_body(experiments::set_tag),
        )
        .route(
            "/experiments/delete-experiment-tag",
            by_body(experiments::delete_tag),
        )
}

fn trace_routes() -> Router<Store> {
    Router::new()
        .route("/traces/search", by_body(traces::search))
        .route("/traces/get", by_query(traces::get))
        .route("/traces/batchGet", by_query(traces::batch_get))
        .route(
            "/traces/batchGetInfos",
            by_body(traces::batch_get_infos).merge(by_query(traces::batch_get_infos)),
        )
        .route("/traces/{trace_id}", by_query(traces::get_info))
        .route("/server-info", get(server_info))
}

fn tag_routes() -> Router<Store> {
    Router::new().route(
        "/traces/{trace_id}/tags",
        on(MethodFilter::PATCH, traces::set_tag)
            .merge(on(MethodFilter::DELETE, traces::delete_tag)),
    )
}

async fn server_info() -> Response {
    respond(Ok(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "features_enabled": { "gateway": false },
    })))
}

fn by_query(endpoint: Endpoint) -> MethodRouter<Store> {
    on(MethodFilter::GET, endpoint)
}

fn by_body(endpoint: Endpoint) -> MethodRouter<Store> {
    on(MethodFilter::POST, endpoint)
}

/// Reads the parameters, and calls the endpoint on a thread that may block.
fn on(method: MethodFilter, endpoint: Endpoint) -> MethodRouter<Store> {
    let handler = move |State(store): State<Store>,
                        path: Option<Path<HashMap<String, String>>>,
                        Query(query): Query<Vec<(String, String)>>,
                        method: Method,
                        headers: HeaderMap,
                        body: Bytes| async move {
        let path = path.map(|Path(path)| path).unwrap_or_default();
        let request = match parameters(path, query, &method, &headers, &body) {
            Ok(request) => request,
            Err(error) => return respond(Err(error)),
        };
        let work = tokio::task::spawn_blocking(move || endpoint(&store, &request));
        respond(work.await.unwrap_or_else(|_| {
            Err(ApiError::new(
                Code::InternalError,
                "The request could not be worked on.",
            ))
        }))
    };
    routing::on(method, handler)
}

fn parameters(
    path: HashMap<String, String>,
    query: Vec<(String, String)>,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Parameters, ApiError> {
    let mut parameters = match *method {
        Method::GET | Method::HEAD if !query.is_empty() => Parameters::from_query(query),
        _ => {
            if matches!(*method, Method::POST | Method::PUT) {
                require_json(headers)?;
            }
            Parameters::from_body(body)?
        }
    };
    for (name, value) in path {
        parameters.set(&name, value);
    }
    Ok(parameters)
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::invalid(
            "Bad Request. Content-Type header is missing.",
        ));
    };
    let media_type = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match media_type.trim().eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(ApiError::invalid(
            "Bad Request. Content-Type must be one of ['application/json'].",
        )),
    }
}
