//! The caller's body for a provider of the same dialect.

use super::{Forwarder, Stream, thinking};
use crate::call::StreamOptions;
use crate::canonical::Losses;
use crate::meter::Meter;
use crate::target::dialect_headers;
use crate::wire::json::{Edit, member, quote, splice};
use crate::{Call, CallerHeaders, Outgoing, Reply, TargetModel, ThinkingMemory};
use std::borrow::Cow;
use tollgate_domain::{Endpoint, Refusal};

/// Edits `model`, and asks for usage on the stream where the caller did not; of a provider that refuses to be asked the
/// caller's own wish is left out, and so is the thinking that another model made. Nothing else.
pub(crate) fn prepare(
    call: &Call,
    headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    let has_usage_chunk = matches!(
        call.endpoint,
        Endpoint::ChatCompletions | Endpoint::Completions
    );
    let is_refused = call.stream && has_usage_chunk && !target.stream_usage;
    let is_unasked = call.stream && has_usage_chunk && !call.include_usage;
    let mut losses = Losses::default();
    let mut edits = thinking::edits(call, target, memory, &mut losses);
    if let Some(model) = target.model.filter(|model| *model != call.model) {
        edits.push(Edit {
            range: call.model_at.clone(),
            with: quote(model).into(),
        });
    }
    if is_unasked && target.stream_usage {
        edits.push(ask_for_usage(call));
    }
    if let Some(at) = call.stream_options_at.as_ref().filter(|_| is_refused) {
        edits.push(Edit {
            range: member(&call.body, at),
            with: Cow::Borrowed(""),
        });
        if call.include_usage {
            losses.dropped("stream_options");
        }
    }
    edits.sort_by_key(|edit| edit.range.start);
    let body = splice(&call.body, &edits);
    let forwarder = Forwarder {
        meter: Meter::new(call.endpoint, call.choices).keeping_text(is_refused),
        stream: call.stream.then(|| Stream::new(is_unasked)),
    };
    Ok(Outgoing {
        path: call.endpoint.path(),
        headers: dialect_headers(call.endpoint, headers),
        body,
        losses: losses.settle(target.refuse_losses)?,
        reply: Reply::forward(forwarder),
    })
}

fn ask_for_usage(call: &Call) -> Edit<'static> {
    let (range, with) = match &call.stream_options {
        StreamOptions::Absent => {
            let after = call.model_at.end;
            (after..after, r#","stream_options":{"include_usage":true}"#)
        }
        StreamOptions::Null(range) => (range.clone(), r#"{"include_usage":true}"#),
        StreamOptions::IncludeUsage(range) => (range.clone(), "true"),
        StreamOptions::Object {
            inside,
            is_empty: true,
        } => (*inside..*inside, r#""include_usage":true"#),
        StreamOptions::Object {
            inside,
            is_empty: false,
        } => (*inside..*inside, r#""include_usage":true,"#),
    };
    Edit {
        range,
        with: Cow::Borrowed(with),
    }
}
