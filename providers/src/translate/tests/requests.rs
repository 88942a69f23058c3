use super::*;

/// A whole request out of a fixture, for a model: the body as it is sent, and the losses.
fn story(endpoint: Endpoint, fixture_name: &str, model: &str) -> String {
    let mut target = target(endpoint, model);
    target.facts.max_output = Some(64_000);
    let out = outgoing(endpoint, &fixture(fixture_name), &target, &NoMemory).unwrap();
    let body: Value = serde_json::from_slice(&out.body).unwrap();
    let losses: Vec<String> = out.losses.iter().map(Loss::to_string).collect();
    format!(
        "{} {:?}\nlosses: {losses:#?}\n{}",
        out.path,
        out.headers,
        serde_json::to_string_pretty(&body).unwrap()
    )
}

#[test]
fn chats_become_messages() {
    use Endpoint::ChatCompletions as Chat;
    snapshots(|| {
        for (name, model) in [
            ("everything", "claude-sonnet-4-5"),
            ("everything", "claude-opus-4-8"),
            ("tool_loop", "claude-opus-4-8"),
            ("tool_loop", "claude-opus-4-6"),
            ("tool_loop", "claude-sonnet-4-5"),
            ("functions", "claude-3-5-haiku-20241022"),
            ("newest", "claude-sonnet-5-5"),
            ("newest", "claude-opus-5"),
        ] {
            let story = story(Chat, &format!("to_anthropic/{name}.json"), model);
            insta::assert_snapshot!(format!("to_anthropic_{name}_{model}"), story);
        }
    });
}

#[test]
fn messages_become_chats() {
    use Endpoint::Messages;
    snapshots(|| {
        for (name, model) in [
            ("everything", "gpt-5.6"),
            ("everything", "gpt-5"),
            ("tool_loop", "gpt-4o"),
            ("tool_loop", "gpt-6-sol"),
            ("foreign", "qwen3"),
            ("foreign", "o3"),
        ] {
            let story = story(Messages, &format!("to_openai/{name}.json"), model);
            insta::assert_snapshot!(format!("to_openai_{name}_{model}"), story);
        }
    });
}
