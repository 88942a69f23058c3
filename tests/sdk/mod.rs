//! Applications: the official SDKs, each against both upstreams.

use crate::script::run;
use crate::server::Server;
use crate::upstream::Upstream;

fn check(script: &str) {
    let upstream = Upstream::start();
    run(script, &Server::before(&upstream), &upstream);
}

#[test]
fn python_openai_talks_to_both_upstreams() {
    check("openai_sdk.py");
}

#[test]
fn python_openai_sees_errors_and_limits_as_its_own() {
    check("openai_errors.py");
}

#[test]
fn python_anthropic_talks_to_both_upstreams() {
    check("anthropic_sdk.py");
}

#[test]
fn each_dialects_sdk_is_translated_for_the_other_upstream() {
    check("translation.py");
}

#[test]
fn an_agent_of_five_turns_keeps_its_thinking_on_every_path() {
    check("agent_loop.py");
}

#[test]
fn node_openai_talks_to_both_upstreams() {
    check("openai_sdk.mjs");
}

#[test]
fn node_anthropic_talks_to_both_upstreams() {
    check("anthropic_sdk.mjs");
}
