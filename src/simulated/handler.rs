//! One request: read it whole, decide who answers, then send the answer as the faults have it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header, request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use tollgate_domain::{Dialect, Endpoint};

use super::answer::{Answer, Asked, Content};
use super::body::{Broken, ScriptBody};
use super::failure::Failure;
use super::fault::Fault;
use super::ids::Ids;
use super::log::Record;
use super::script::Script;
use super::wire::Wire;
use super::{Simulator, anthropic, control, openai};

/// Anthropic's bound on a request; OpenAI's is higher, and nobody needs more here.
const MOST_BODY: usize = 32 << 20;

/// What came, and what goes with the answer.
struct Exchange {
    simulator: Simulator,
    parts: request::Parts,
    dialect: Dialect,
    record: Record,
    ids: Ids,
    request_id: String,
    faults: Vec<Fault>,
    wire: Wire,
}

pub(crate) async fn handle(
    simulator: Simulator,
    wire: Wire,
    request: Request<Incoming>,
) -> Result<Response<ScriptBody>, Broken> {
    let (parts, incoming) = request.into_parts();
    let record = simulator.log.open(&parts);
    let mut ids = Ids::new(simulator.number, record.seq());
    let request_id = ids.next("req_");
    let dialect = dialect_of(&parts);
    let exchange = Exchange {
        simulator,
        parts,
        dialect,
        record,
        ids,
        request_id,
        faults: Vec::new(),
        wire,
    };
    if let Some(status) = exchange.simulator.take_early() {
        let fault = Fault::status(status);
        let failure = Failure::of_fault(&fault, dialect);
        return Ok(exchange.refuse(&failure.unwrap_or_else(|| Failure::bad("refused unread"))));
    }
    let body = match Limited::new(incoming, MOST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let kind = match dialect {
                Dialect::OpenAi => "invalid_request_error",
                Dialect::Anthropic => "request_too_large",
            };
            return Ok(exchange.refuse(&Failure::new(
                413,
                kind,
                "Request exceeds the maximum size",
            )));
        }
        Err(_) => return Err(Broken),
    };
    exchange.record.body(&body);
    match Endpoint::at(exchange.parts.uri.path()).filter(|_| exchange.parts.method == Method::POST)
    {
        Some(endpoint) => exchange.model(endpoint, &body).await,
        None => Ok(exchange.other(&body)),
    }
}

fn dialect_of(parts: &request::Parts) -> Dialect {
    let is_anthropic = parts.uri.path().starts_with("/v1/messages")
        || parts.headers.contains_key("anthropic-version");
    if is_anthropic {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

impl Exchange {
    /// Lists and control.
    fn other(self, body: &[u8]) -> Response<ScriptBody> {
        let path = self.parts.uri.path().to_owned();
        let answer = if path.starts_with("/sim/") && self.simulator.is_controlled {
            control::answer(&self.simulator, &self.parts, body)
        } else {
            match self.dialect {
                Dialect::OpenAi => openai::other(&self.parts),
                Dialect::Anthropic => anthropic::other(&self.parts),
            }
        };
        match answer {
            Ok(json) => self.respond(200, "application/json", |_| {
                Script::whole(Bytes::from(json.as_str().to_owned()), String::new(), &[])
            }),
            Err(failure) => self.refuse(&failure),
        }
    }

    async fn model(
        mut self,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Result<Response<ScriptBody>, Broken> {
        let request = match self.admit(body) {
            Ok(request) => request,
            Err(failure) => return Ok(self.refuse(&failure)),
        };
        for fault in self.faults.clone() {
            match fault {
                Fault::SlowHead(wait) => tokio::time::sleep(wait).await,
                Fault::Hang => std::future::pending().await,
                Fault::Reset => {
                    self.wire.reset();
                    self.record.broken();
                    return Err(Broken);
                }
                Fault::Redirect(to) => {
                    let mut response = self.respond(302, "text/plain", |_| {
                        Script::whole(Bytes::new(), String::new(), &[])
                    });
                    insert(response.headers_mut(), header::LOCATION, &to);
                    return Ok(response);
                }
                Fault::NotJson => {
                    let page = Bytes::from_static(b"<html><body><h1>It works!</h1></body></html>");
                    return Ok(self.respond(200, "text/html", |_| {
                        Script::whole(page, String::new(), &[])
                    }));
                }
                Fault::Empty => {
                    return Ok(self.respond(200, "application/json", |_| {
                        Script::whole(Bytes::new(), String::new(), &[])
                    }));
                }
                _ => {
                    if let Some(failure) = Failure::of_fault(&fault, self.dialect) {
                        return Ok(self.refuse(&failure));
                    }
                }
            }
        }
        Ok(self.answer(endpoint, &request))
    }

    /// The credential, the JSON and the faults; before anything of the request is judged.
    fn admit(&mut self, body: &[u8]) -> Result<(Value, String), Failure> {
        match self.dialect {
            Dialect::OpenAi => openai::authorize(&self.parts.headers)?,
            Dialect::Anthropic => anthropic::authorize(&self.parts.headers)?,
        }
        let body: Value = serde_json::from_slice(body).map_err(|error| match self.dialect {
            Dialect::OpenAi => Failure::bad(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
                 library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
            ),
            Dialect::Anthropic => Failure::bad(format!("The request body is not valid JSON: {error}")),
        })?;
        let asked = body
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let header = self
            .parts
            .headers
            .get("x-sim-fault")
            .and_then(|value| value.to_str().ok());
        let unknown = |error: super::fault::UnknownFault| Failure::bad(error.to_string());
        let (model, mut faults) = Fault::from_model(asked).map_err(unknown)?;
        faults.extend(Fault::parse_all(header.unwrap_or_default()).map_err(unknown)?);
        faults.extend(self.simulator.next_faults());
        let model = model.to_owned();
        self.record.edit(|entry| {
            entry.model.clone_from(&model);
            entry.faults = faults.iter().map(|fault| format!("{fault:?}")).collect();
        });
        self.faults = faults;
        Ok((body, model))
    }

    fn answer(
        mut self,
        endpoint: Endpoint,
        (body, model): &(Value, String),
    ) -> Response<ScriptBody> {
        let mut asked = Asked {
            simulator: &self.simulator,
            headers: &self.parts.headers,
            body,
            model,
            faults: &self.faults,
            ids: self.ids.clone(),
        };
        let answer = match self.dialect {
            Dialect::OpenAi => openai::answer(endpoint, &mut asked),
            Dialect::Anthropic => anthropic::answer(endpoint, &mut asked),
        };
        let Answer {
            content,
            usage,
            thinking_verified,
        } = match answer {
            Ok(answer) => answer,
            Err(failure) => return self.refuse(&failure),
        };
        self.record.edit(|entry| {
            entry.usage = serde_json::from_str(usage.as_str()).ok();
            entry.thinking_verified = thinking_verified;
        });
        let mut faults = std::mem::take(&mut self.faults);
        if endpoint == Endpoint::Responses {
            // It has its own way to fail, and has taken it.
            faults.retain(|fault| *fault != Fault::Fail);
        }
        if let Some(every) = self.simulator.pace
            && !faults
                .iter()
                .any(|fault| matches!(fault, Fault::Pace { .. }))
        {
            faults.push(Fault::Pace { frames: 1, every });
        }
        let mut response = match content {
            Content::Whole { body, text } => self.respond(200, "application/json", |_| {
                Script::whole(Bytes::from(body.as_str().to_owned()), text, &faults)
            }),
            Content::Stream(frames) => {
                self.respond(200, "text/event-stream; charset=utf-8", |exchange| {
                    let is_responses = endpoint == Endpoint::Responses;
                    let error =
                        Failure::event(exchange.dialect, is_responses, &exchange.request_id);
                    Script::stream(frames, &error, &faults)
                })
            }
        };
        if faults.contains(&Fault::Gzip) {
            insert(response.headers_mut(), header::CONTENT_ENCODING, "gzip");
        }
        response
    }

    fn refuse(self, failure: &Failure) -> Response<ScriptBody> {
        let retry_after = failure.retry_after;
        let mut response = self.respond(failure.status, "application/json", |exchange| {
            let body = failure.body(exchange.dialect, &exchange.request_id);
            Script::whole(Bytes::from(body.as_str().to_owned()), String::new(), &[])
        });
        if let Some(seconds) = retry_after {
            insert(
                response.headers_mut(),
                header::RETRY_AFTER,
                &seconds.to_string(),
            );
        }
        response
    }

    /// The head that both real servers send, the operator's identity included: a gateway has to keep that to itself.
    fn respond(
        self,
        status: u16,
        kind: &str,
        script: impl FnOnce(&Self) -> Script,
    ) -> Response<ScriptBody> {
        let script = script(&self);
        self.record.edit(|entry| entry.status = Some(status));
        let mut response = Response::new(ScriptBody::new(script, self.record, self.wire));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        let headers = response.headers_mut();
        insert(headers, header::CONTENT_TYPE, kind);
        let fields: &[(&'static str, &str)] = match self.dialect {
            Dialect::OpenAi => &[
                ("x-request-id", &self.request_id),
                ("openai-organization", "sim-operator-organization"),
                ("openai-version", "2020-10-01"),
                ("openai-processing-ms", "1"),
                ("x-ratelimit-limit-requests", "10000"),
                ("x-ratelimit-remaining-requests", "9999"),
                ("x-ratelimit-reset-requests", "6ms"),
            ],
            Dialect::Anthropic => &[
                ("request-id", &self.request_id),
                ("anthropic-organization-id", "sim-operator-organization"),
                ("anthropic-ratelimit-requests-limit", "4000"),
                ("anthropic-ratelimit-requests-remaining", "3999"),
                ("anthropic-ratelimit-requests-reset", "2026-11-24T12:00:00Z"),
            ],
        };
        for (name, value) in fields {
            insert(headers, HeaderName::from_static(name), value);
        }
        response
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
