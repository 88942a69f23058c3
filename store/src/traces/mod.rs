//! Traces: spans in by [`Batch`], traces out as [`TraceInfo`] (the roll-up) or [`Trace`] (with spans).
//!
//! # What MLflow's client reads (3.17.2)
//!
//! Attribute values are native JSON here: an object is an object. They travel to the client as OTLP values (an object
//! as `kvlistValue`), and the client itself encodes each as a JSON string and decodes it again for `span.inputs`. A
//! value that is already JSON *text* would reach the user as a string, so it must be parsed before it comes here.
//!
//! On spans:
//!
//! | attribute | value | shown as |
//! | --- | --- | --- |
//! | `mlflow.spanInputs`, `mlflow.spanOutputs` | any JSON | `span.inputs`, `span.outputs`; the root's are the data frame's `request`, `response` |
//! | `mlflow.spanType` | `"CHAT_MODEL"`, `"LLM"`, `"EMBEDDING"`, … ([`SpanRow::span_type`], added when read) | `span.span_type` |
//! | `mlflow.chat.tokenUsage` | `{"input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens"?, "cache_creation_input_tokens"?, "cache_creation_input_tokens_above_1hr"?}`; input tokens include those read from and written to a cache (made from [`SpanRow::usage`] when read) | token columns of the page |
//! | `mlflow.llm.cost` | `{"input_cost", "output_cost", "total_cost"}` in USD (made from [`SpanRow::cost`] when read) | `span.llm_cost` |
//! | `mlflow.llm.model`, `mlflow.llm.provider` | strings | `span.model_name`, the page |
//! | `mlflow.message.format` | `"openai"`, `"anthropic"` | the page renders the chat |
//! | `mlflow.chat.tools` | a list of OpenAI tools | the page |
//! | `mlflow.traceRequestId` | not stored: the client sets it from the trace id | `span.trace_id` |
//!
//! A span's parent that is not in the trace (the caller's own, by `traceparent`) is kept.
//!
//! On traces, metadata and tags are strings. Made when read: metadata `mlflow.trace_schema.version` (`"3"`),
//! `mlflow.trace.tokenUsage` and `mlflow.trace.cost` (JSON text, as above, summed over the trace's requests), tags
//! `mlflow.traceName` and `mlflow.trace.spansLocation` (`TRACKING_STORE`, which makes the client fetch spans by
//! `batchGet`). To be written where known: metadata `mlflow.trace.session`, `mlflow.trace.user`,
//! `mlflow.gateway.requestType`.

pub(crate) mod content;
pub(crate) mod dictionary;
mod info;
mod insert;
mod json;
mod payload;
mod read;
mod row;
mod tags;

pub(crate) use insert::clamp;
pub use insert::{Inserted, foreign_trace};
pub use json::{Json, Members, member};

pub(crate) use info::{
    COST, SESSION, SPANS_LOCATION, TOKEN_USAGE, TRACE_NAME, add_tags, read_info,
};
pub use info::{Tokens, TraceInfo, TraceState, cost_json};
pub use read::{Span, SpanHeader, Trace};
pub use row::{
    Attributes, Batch, RequestRow, SpanEvent, SpanKind, SpanLink, SpanRow, SpanStatus, TraceRow,
};

#[cfg(test)]
pub(crate) mod tests;
