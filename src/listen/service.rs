//! Which part answers a path.

use super::guard::Reason;
use super::h1::RequestBody;
use super::{access, plain};
use crate::gateway::Gateway;
use crate::pipeline::caller::{authenticate, dialect};
use crate::pipeline::{self, Answer, Lines, ReplyBody, answer};
use crate::telemetry::others::{Asked, Kind};
use hyper::{Method, Request};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tollgate_domain::{Dialect, Endpoint, Refusal};
use tollgate_governance::principal::Scope;
use tower::ServiceExt;

/// Refuses a head that nothing may be made of.
pub fn refuse(gateway: &Gateway, dialect: Dialect, reason: Reason) -> Answer {
    answer::stranger(gateway, &Asked::UNREADABLE, dialect, &refused_head(reason))
}

/// An answer in the making, on the heap: a connection in the midst of a long answer does not hold the room that making
/// it took.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

pub fn answer(gateway: &Arc<Gateway>, request: Request<RequestBody>) -> Answering<'_> {
    let endpoint = Endpoint::at(request.uri().path());
    match (endpoint, request.method()) {
        (Some(endpoint), &Method::POST) => Box::pin(pipeline::serve(gateway, endpoint, request)),
        (Some(_), method) => {
            // Whoever is unknown learns nothing of what exists.
            let refusal = match authenticate(&gateway.live.load(), request.headers()) {
                Ok(_) => Refusal::MethodNotAllowed(method.to_string()),
                Err(refusal) => refusal,
            };
            let path = request.uri().path();
            let spoken = dialect(path, request.headers());
            let asked = Asked {
                kind: Kind::Call,
                method: method.as_str(),
                path,
            };
            let answer = answer::stranger(gateway, &asked, spoken, &refusal);
            Box::pin(std::future::ready(allowing(answer, &refusal, "POST")))
        }
        (None, _) => Box::pin(beside(gateway, request)),
    }
}

/// Answers what is no model endpoint.
async fn beside(gateway: &Arc<Gateway>, request: Request<RequestBody>) -> Answer {
    let spoken = dialect(request.uri().path(), request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let asked = Asked {
        kind: kind(uri.path()),
        method: method.as_str(),
        path: uri.path(),
    };
    match other(gateway, request).await {
        Ok(answer) => {
            let status = answer.status.as_u16();
            gateway.metrics.others.answered(&asked, status);
            answer
        }
        Err(refusal) if is_mlflow_api(asked.path) => {
            answer::mlflow_stranger(gateway, &asked, &refusal)
        }
        Err(refusal) => {
            let answer = answer::stranger(gateway, &asked, spoken, &refusal);
            allowing(answer, &refusal, "GET, HEAD")
        }
    }
}

/// Says which methods there are, where another was asked for.
fn allowing(mut answer: Answer, refusal: &Refusal, methods: &str) -> Answer {
    if matches!(refusal, Refusal::MethodNotAllowed(_)) {
        answer.lines.put("allow", methods);
    }
    answer
}

/// What a path that is no model endpoint is about.
fn kind(path: &str) -> Kind {
    match path {
        "/" | "/livez" | "/readyz" | "/health" | "/version" => Kind::Probe,
        "/metrics" => Kind::Scrape,
        "/v1/models" => Kind::List,
        path if path.starts_with("/v1/models/") => Kind::List,
        path if is_mlflow_api(path) => Kind::Mlflow,
        _ => Kind::Nothing,
    }
}

fn refused_head(reason: Reason) -> Refusal {
    Refusal::BadHead {
        status: reason.status(),
        code: reason.code(),
        message: reason.message(),
    }
}

async fn other(gateway: &Arc<Gateway>, request: Request<RequestBody>) -> Result<Answer, Refusal> {
    let live = gateway.live.load_full();
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let is_get = matches!(head.method, Method::GET | Method::HEAD);
    match path {
        "/livez" => return Ok(plain::livez()),
        "/readyz" => return Ok(plain::readyz(gateway)),
        "/metrics" if is_get => {
            access::check(&live, &head, Scope::Metrics)?;
            return Ok(plain::metrics(gateway));
        }
        "/v1/models" if is_get => {
            return plain::models(&live, dialect(path, &head.headers), &head, path);
        }
        "/" if is_get => {
            access::check(&live, &head, Scope::Read)?;
            return Ok(plain::livez());
        }
        _ => {}
    }
    if path.starts_with("/v1/models/") && is_get {
        return plain::models(&live, dialect(path, &head.headers), &head, path);
    }
    let is_mlflow = is_mlflow_api(path) || path == "/version" || path == "/health";
    if !is_mlflow {
        // Whoever is unknown learns nothing of what exists.
        if path.starts_with("/v1/") || !access::is_local(&live, &head) {
            authenticate(&live, &head.headers)?;
        }
        if path == "/v1/models" || path.starts_with("/v1/models/") {
            return Err(Refusal::MethodNotAllowed(head.method.to_string()));
        }
        return Err(Refusal::NotFound(format!(
            "there is nothing at {}",
            shown(path)
        )));
    }
    let is_read = is_get || path.ends_with("/search") || path.ends_with("batchGetInfos");
    access::check(
        &live,
        &head,
        if is_read { Scope::Read } else { Scope::Admin },
    )?;
    let request = Request::from_parts(head, axum::body::Body::new(body));
    // Also of a body that never comes.
    let limit = live.config.server.body_timeout;
    let answering = gateway.mlflow.clone().oneshot(request);
    let answered = tokio::time::timeout(limit, answering).await;
    match answered.map_err(|_| Refusal::RequestTimeout)? {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let mut lines = Lines::of(&head.headers);
            lines.put("x-tollgate-version", answer::VERSION);
            Ok(Answer {
                status: head.status,
                lines,
                body: ReplyBody::Api(body),
            })
        }
        Err(never) => match never {},
    }
}

/// Where errors are MLflow's too.
fn is_mlflow_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/ajax-api/")
}

fn shown(path: &str) -> String {
    path.chars().take(200).collect()
}
