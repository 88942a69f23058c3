//! A tool-using agent of five turns, whose thinking must come back signed.

use super::*;
use crate::StoredThinking;
use serde_json::json;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
struct Memory(RefCell<HashMap<String, Arc<StoredThinking>>>);

impl ThinkingMemory for Memory {
    fn recall(&self, tool_call_id: &str) -> Option<Arc<StoredThinking>> {
        self.0.borrow().get(tool_call_id).cloned()
    }
}

fn answer(turn: usize) -> Value {
    let content = match turn {
        5 => json!([{"type": "text", "text": "Done."}]),
        _ => json!([
            {"type": "thinking", "thinking": format!("Step {turn}."), "signature": format!("sig-{turn}=")},
            {"type": "redacted_thinking", "data": format!("data-{turn}")},
            {"type": "tool_use", "id": format!("toolu_{turn}"), "name": "step", "input": {"n": turn}},
        ]),
    };
    json!({
        "id": format!("msg_{turn}"), "type": "message", "role": "assistant", "model": "claude-opus-4-8",
        "content": content, "stop_reason": if turn == 5 { "end_turn" } else { "tool_use" }, "stop_sequence": null,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    })
}

struct Agent {
    memory: Memory,
    messages: Vec<Value>,
    keeps_thinking: bool,
    effort: Option<&'static str>,
}

impl Agent {
    fn new(keeps_thinking: bool) -> Self {
        Self {
            memory: Memory::default(),
            messages: vec![json!({"role": "user", "content": "Go."})],
            keeps_thinking,
            effort: Some("high"),
        }
    }

    fn ask(&self, model: &str) -> Outgoing {
        let mut body = json!({
            "model": "chat", "messages": self.messages,
            "tools": [{"type": "function", "function": {"name": "step", "parameters": {"type": "object"}}}],
        });
        if let Some(effort) = self.effort {
            body["reasoning_effort"] = effort.into();
        }
        let target = target(Endpoint::ChatCompletions, model);
        outgoing(
            Endpoint::ChatCompletions,
            &body.to_string(),
            &target,
            &self.memory,
        )
        .unwrap()
    }

    /// One turn: the request that the provider got.
    fn turn(&mut self, turn: usize, model: &str) -> (Value, Vec<String>) {
        self.hear(&answer(turn), model)
    }

    fn hear(&mut self, answer: &Value, model: &str) -> (Value, Vec<String>) {
        let mut out = self.ask(model);
        let body = out.reply.whole(answer.to_string().into()).unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        for (id, thinking) in &out.reply.seen().thinking {
            self.memory
                .0
                .borrow_mut()
                .insert(id.clone(), Arc::clone(thinking));
        }
        let mut message = answer["choices"][0]["message"].clone();
        if !self.keeps_thinking {
            let fields = message.as_object_mut().unwrap();
            fields.retain(|key, _| matches!(&**key, "role" | "content" | "tool_calls"));
        }
        let calls = message["tool_calls"].clone();
        self.messages.push(message);
        for call in calls.as_array().into_iter().flatten() {
            let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"});
            self.messages.push(result);
        }
        let losses = out.losses.iter().map(Loss::to_string).collect();
        (serde_json::from_slice(&out.body).unwrap(), losses)
    }
}

/// The blocks of each assistant turn of a request.
fn assistant_turns(body: &Value) -> Vec<Value> {
    let messages = body["messages"].as_array().unwrap().iter();
    let turns = messages.filter(|message| message["role"] == "assistant");
    turns.map(|message| message["content"].clone()).collect()
}

#[test]
fn thinking_comes_back_signed_through_five_turns() {
    for keeps_thinking in [true, false] {
        let mut agent = Agent::new(keeps_thinking);
        for turn in 1..=5 {
            let (body, losses) = agent.turn(turn, "claude-opus-4-8");
            assert_eq!(losses, [""; 0]);
            assert_eq!(body["thinking"]["type"], "adaptive");
            let turns = assistant_turns(&body);
            assert_eq!(turns.len(), turn - 1);
            for (index, content) in turns.iter().enumerate() {
                assert_eq!(*content, answer(index + 1)["content"]);
            }
        }
    }
}

#[test]
fn thinking_between_texts_and_calls_comes_back_where_it_was() {
    let content = json!([
        {"type": "text", "text": "First "},
        {"type": "thinking", "thinking": "", "signature": "sig-a"},
        {"type": "text", "text": "second."},
        {"type": "tool_use", "id": "toolu_1", "name": "step", "input": {}},
        {"type": "thinking", "thinking": "More.", "signature": "sig-b"},
        {"type": "tool_use", "id": "toolu_2", "name": "step", "input": {"n": 2}},
    ]);
    for keeps_thinking in [true, false] {
        let mut agent = Agent::new(keeps_thinking);
        let mut answer = answer(1);
        answer["content"] = content.clone();
        agent.hear(&answer, "claude-opus-4-8");
        let (body, losses) = agent.turn(2, "claude-opus-4-8");
        assert_eq!(losses, [""; 0]);
        assert_eq!(assistant_turns(&body)[0], content);
        // What the program changed is not put back as it was.
        agent.messages[1]["content"] = "Other.".into();
        let blocks = &assistant_turns(&agent.turn(3, "claude-opus-4-8").0)[0];
        assert_eq!(blocks[0]["signature"], "sig-a");
        assert_eq!(blocks[2]["text"], "Other.");
    }
}

#[test]
fn thinking_does_not_go_to_another_model() {
    for keeps_thinking in [true, false] {
        let mut agent = Agent::new(keeps_thinking);
        agent.turn(1, "claude-opus-4-8");
        let (body, losses) = agent.turn(2, "claude-opus-4-7");
        assert_eq!(losses, ["messages[1].thinking_blocks"]);
        assert_eq!(assistant_turns(&body)[0][0]["type"], "tool_use");
    }
}

#[test]
fn thinking_that_is_forgotten_is_a_loss() {
    let mut agent = Agent::new(false);
    agent.turn(1, "claude-opus-4-8");
    agent.memory = Memory::default();
    let (_, losses) = agent.turn(2, "claude-opus-4-8");
    assert_eq!(losses, ["thinking_blocks"]);
    // Models that take a budget refuse to think on without it.
    let (body, losses) = agent.turn(3, "claude-sonnet-4-5");
    assert_eq!(body["thinking"]["type"], "disabled");
    for lost in ["thinking_blocks", "reasoning_effort"] {
        assert!(losses.contains(&lost.to_owned()), "{losses:?}");
    }
}

#[test]
fn a_loop_that_began_with_thinking_goes_on_so() {
    let mut agent = Agent::new(false);
    agent.turn(1, "claude-opus-4-8");
    agent.effort = None;
    let (body, losses) = agent.turn(2, "claude-opus-4-8");
    assert_eq!(body["thinking"]["type"], "adaptive");
    assert_eq!(losses, [""; 0]);
    agent.effort = Some("none");
    let (body, losses) = agent.turn(3, "claude-opus-4-8");
    assert_eq!(body["thinking"]["type"], "disabled");
    assert_eq!(assistant_turns(&body)[0][0]["type"], "tool_use");
    assert_eq!(losses, [""; 0]);
}

#[test]
fn a_turn_without_thinking_is_not_taken_for_a_forgotten_one() {
    let memory = Memory::default();
    let nothing = StoredThinking {
        provider: "p".to_owned(),
        model: "claude-opus-4-8".to_owned(),
        blocks: Vec::new(),
    };
    memory
        .0
        .borrow_mut()
        .insert("toolu_1".to_owned(), Arc::new(nothing));
    let mut agent = Agent::new(false);
    agent.memory = memory;
    agent.messages.push(json!({
        "role": "assistant", "content": null,
        "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "step", "arguments": "{}"}}],
    }));
    agent
        .messages
        .push(json!({"role": "tool", "tool_call_id": "toolu_1", "content": "ok"}));
    assert_eq!(agent.turn(2, "claude-opus-4-8").1, [""; 0]);
}
