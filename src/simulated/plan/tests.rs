use serde_json::{Value, json};

use super::*;

fn tool(name: &str) -> Tool {
    Tool {
        name: name.into(),
        schema: json!({"type": "object"}),
        is_custom: false,
    }
}

/// A later turn with two tools.
fn asked(last_user: &str, rounds: u64) -> Prompt {
    let heard = Heard {
        last_user: last_user.into(),
        rounds,
        is_first_turn: false,
        ..Heard::default()
    };
    Prompt {
        heard,
        tools: vec![tool("a"), tool("b")],
        ..Prompt::default()
    }
}

fn first(last_user: &str) -> Prompt {
    let mut prompt = asked(last_user, 0);
    prompt.heard.is_first_turn = true;
    prompt
}

#[test]
fn the_prompt_directs_the_calls() {
    let check = |prompt: Prompt, expected: &[&str]| {
        let plan = Plan::new(&prompt, 0);
        let names: Vec<_> = plan.calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, expected, "{prompt:?}");
        assert_eq!(plan.finish == Finish::Calls, !expected.is_empty());
    };
    check(asked("hello", 0), &[]);
    check(first("hello"), &["a"]);
    check(first("hello, no tools"), &[]);
    check(asked("call b, then call a", 0), &["b", "a"]);
    check(
        Prompt {
            one_call_only: true,
            ..asked("call b, then call a", 0)
        },
        &["b"],
    );
    check(asked("call b", 1), &[]);
    check(asked("call b in 5 steps", 4), &["b"]);
    check(asked("call b in 5 steps", 5), &[]);
    check(
        Prompt {
            choice: Choice::None,
            ..asked("call b", 0)
        },
        &[],
    );
    check(
        Prompt {
            choice: Choice::Required,
            ..asked("hello", 1)
        },
        &["a"],
    );
    check(
        Prompt {
            choice: Choice::Named("b".into()),
            ..asked("hello", 0)
        },
        &["b"],
    );
    check(
        Prompt {
            limit: Some(0),
            ..asked("call b", 0)
        },
        &[],
    );
}

fn said(last_user: &str) -> Prompt {
    let mut heard = Heard::default();
    heard.user(last_user.to_owned(), &Value::Null);
    Prompt {
        heard,
        ..Prompt::default()
    }
}

#[test]
fn an_answer_ends_at_its_first_limit() {
    let check = |last_user: &str, stops: &[&str], limit, text: &str, finish| {
        let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let plan = Plan::new(
            &Prompt {
                stops,
                limit,
                ..said(last_user)
            },
            0,
        );
        assert_eq!(
            (plan.text.as_str(), plan.finish),
            (text, finish),
            "{last_user}"
        );
    };
    check("3 words", &[], None, "This answer is", Finish::End);
    check(
        "3 words",
        &["answer"],
        None,
        "This ",
        Finish::Stop("answer".into()),
    );
    check(
        "3 words",
        &["is", "x"],
        Some(1),
        "Th",
        Finish::Stop("is".into()),
    );
    check("3 words", &[], Some(2), "This answer", Finish::Length);
    check("say exactly: hi", &[], None, "hi", Finish::End);
}

#[test]
fn an_answer_echoes_the_message_and_the_results() {
    let mut prompt = said("Weather?");
    prompt.heard.result("sunny".into(), &Value::Null);
    prompt.heard.media.push("image/png of 3 bytes".into());
    let plan = Plan::new(&prompt, 0);
    let expected = "You said: Weather?\nAttached: image/png of 3 bytes\nThe tools answered: sunny\nThis answer";
    assert!(plan.text.starts_with(expected), "{}", plan.text);
    assert!(plan.tokens() > 40);
}
