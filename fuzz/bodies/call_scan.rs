//! What the scan of a caller's body lets pass is JSON, is read as a whole parser reads it, and only its model changes
//! on the way to a provider of the same dialect (and a stream's options go, where the provider takes none).

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;
use tollgate_domain::{Dialect, Endpoint, ProviderKind};
use tollgate_providers::{Call, CallerHeaders, ModelFacts, NoMemory, TargetModel, prepare};

const ENDPOINTS: [Endpoint; 6] = [
    Endpoint::ChatCompletions,
    Endpoint::Completions,
    Endpoint::Embeddings,
    Endpoint::Responses,
    Endpoint::Messages,
    Endpoint::CountTokens,
];

pub fn check(input: &[u8]) {
    let body = Bytes::copy_from_slice(input);
    for endpoint in ENDPOINTS {
        match Call::scan(endpoint, body.clone()) {
            Ok(call) => check_call(&call),
            Err(refusal) => assert!((400..500).contains(&refusal.status()), "{refusal}"),
        }
    }
}

fn check_call(call: &Call) {
    serde_json::from_slice::<IgnoredAny>(&call.body).expect("the scan checks the syntax");
    let forwarded = forwarded(call, "another", false);
    serde_json::from_slice::<IgnoredAny>(&forwarded).expect("an edit leaves JSON");
    let metered = self::forwarded(call, "another", true);
    serde_json::from_slice::<IgnoredAny>(&metered).expect("an edit leaves JSON");
    // Numbers and halves of surrogates that no value holds go on as they are.
    let Ok(mut expected) = serde_json::from_slice::<Value>(&call.body) else {
        return;
    };
    assert_eq!(
        expected.get("model").and_then(Value::as_str),
        Some(call.model.as_str())
    );
    expected["model"] = "another".into();
    let is_chat = matches!(
        call.endpoint,
        Endpoint::ChatCompletions | Endpoint::Completions
    );
    if let (true, Some(fields)) = (is_chat && call.stream, expected.as_object_mut()) {
        fields.remove("stream_options");
    }
    let forwarded: Value = serde_json::from_slice(&forwarded).expect("as the caller's body");
    assert_eq!(forwarded, expected);
}

fn forwarded(call: &Call, model: &str, stream_usage: bool) -> Bytes {
    let target = TargetModel {
        kind: match call.endpoint.dialect() {
            Dialect::OpenAi => ProviderKind::OpenAi,
            Dialect::Anthropic => ProviderKind::Anthropic,
        },
        provider: "p",
        model: Some(model),
        stream_usage,
        facts: ModelFacts::default(),
        refuse_losses: false,
    };
    prepare(call, &CallerHeaders::default(), &target, &NoMemory)
        .expect("the same dialect refuses nothing")
        .body
}
