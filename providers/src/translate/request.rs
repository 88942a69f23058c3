//! The caller's request, for a provider of the other dialect.

use super::thinking::Maker;
use super::translator::{Source, Translator, Writer};
use crate::canonical::{Losses, unsupported};
use crate::dialect::{anthropic as messages, openai_chat as chat};
use crate::provider::{anthropic, openai};
use crate::{Call, CallerHeaders, Outgoing, Reply, TargetModel, ThinkingMemory};
use tollgate_domain::{Endpoint, ProviderKind, Refusal};

/// The provider's request in its own dialect.
pub(crate) fn prepare(
    call: &Call,
    headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    match (call.endpoint, target.kind) {
        (Endpoint::ChatCompletions, ProviderKind::Anthropic) => {
            chat_to_anthropic(call, headers, target, memory)
        }
        (Endpoint::Messages, ProviderKind::OpenAi) => messages_to_openai(call, headers, target),
        // The server may estimate a count.
        (Endpoint::CountTokens, _) => {
            check_count(call)?;
            Err(Refusal::NotFound(format!(
                "provider `{}` does not count tokens",
                target.provider
            )))
        }
        (endpoint, _) => Err(unsupported(
            "model",
            format_args!(
                "`{}` is not available at provider `{}`, which speaks another dialect; chat is",
                endpoint.path(),
                target.provider
            ),
        )),
    }
}

/// Whether the body of a call of `count_tokens` is one, as far as another target than Anthropic's could be told it.
pub fn check_count(call: &Call) -> Result<(), Refusal> {
    messages::read_prompt(&call.body, &mut Losses::default()).map(drop)
}

fn chat_to_anthropic(
    call: &Call,
    headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    let mut losses = Losses::default();
    let model = target.model.unwrap_or(&call.model);
    let read = chat::read(&call.body, &mut losses)?;
    let written = anthropic::write(
        read.request,
        model,
        call.stream,
        target,
        memory,
        &mut losses,
    )?;
    let form = chat::Form {
        include_usage: call.include_usage,
        is_legacy: read.is_legacy,
        created: 0,
        names: written.names,
    };
    let maker = written.thinks.then(|| Maker {
        provider: target.provider.to_owned(),
        model: model.to_owned(),
    });
    let source = Source::Anthropic(anthropic::Stream::default());
    let writer = match call.stream {
        true => Writer::ChatStream(Box::new(chat::Stream::new(form))),
        false => Writer::Chat(form),
    };
    let mut out_headers = vec![("anthropic-version", anthropic::VERSION.to_owned())];
    let beta = headers.anthropic_beta.map(str::to_owned);
    out_headers.extend(beta.map(|beta| ("anthropic-beta", beta)));
    Ok(Outgoing {
        path: Endpoint::Messages.path(),
        headers: with_idempotency(out_headers, headers),
        body: written.body.into(),
        losses: losses.settle(target.refuse_losses)?,
        reply: Reply::translate(Translator::new(source, writer, maker, false)),
    })
}

fn messages_to_openai(
    call: &Call,
    headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
) -> Result<Outgoing, Refusal> {
    let mut losses = Losses::default();
    let model = target.model.unwrap_or(&call.model);
    let request = messages::read(&call.body, &mut losses)?;
    let written = openai::write(&request, model, call.stream, target, &mut losses)?;
    let form = messages::Form {
        names: written.names,
        prompt: request.about_tokens(),
    };
    let source = Source::OpenAi(openai::Stream::default());
    let writer = match call.stream {
        true => Writer::MessagesStream(Box::new(messages::Stream::new(form))),
        false => Writer::Messages(form),
    };
    let keeps_text = call.stream && !target.stream_usage;
    let beta = headers.openai_beta.map(str::to_owned);
    let out_headers = beta.into_iter().map(|beta| ("openai-beta", beta)).collect();
    Ok(Outgoing {
        path: Endpoint::ChatCompletions.path(),
        headers: with_idempotency(out_headers, headers),
        body: written.body.into(),
        losses: losses.settle(target.refuse_losses)?,
        reply: Reply::translate(Translator::new(source, writer, None, keeps_text)),
    })
}

fn with_idempotency(
    mut out: Vec<(&'static str, String)>,
    headers: &CallerHeaders<'_>,
) -> Vec<(&'static str, String)> {
    let key = headers.idempotency_key.map(str::to_owned);
    out.extend(key.map(|key| ("idempotency-key", key)));
    out
}
