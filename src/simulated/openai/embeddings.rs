//! POST /v1/embeddings: unit vectors that depend on the text alone, as floats or as base64 of little-endian f32.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::models::{self, Task};
use super::usage::weigh;
use crate::simulated::answer::{Answer, Asked, Content};
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::ids::hash;
use crate::simulated::json::{Json, object};

pub(super) fn answer(asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    let body = Node::root(asked.body);
    let (inputs, dimensions, is_base64) = read(&body).map_err(Failure::openai)?;
    let dimensions = match models::facts(asked.model)?.task {
        Task::Embedding { dimensions: most } => match dimensions {
            Some(asked) if asked > most => {
                let message = format!(
                    "Invalid value for 'dimensions' = {asked}. Must be less than or equal to {most}."
                );
                return Err(Failure::bad(message).param("dimensions"));
            }
            asked => asked.unwrap_or(most),
        },
        Task::Any => dimensions.unwrap_or(256).min(4096),
        Task::Chat | Task::Text => {
            let message = format!(
                "You are not allowed to generate embeddings from this model: {}",
                asked.model
            );
            return Err(Failure::new(403, "invalid_request_error", message));
        }
    };
    let data = inputs.iter().enumerate().map(|(index, input)| {
        let vector = vector(input, dimensions);
        let embedding = match is_base64 {
            true => Json::of(
                &STANDARD.encode(
                    vector
                        .iter()
                        .flat_map(|x| x.to_le_bytes())
                        .collect::<Vec<u8>>(),
                ),
            ),
            false => Json::of(&vector),
        };
        object! { "object": "embedding", "index": index, "embedding": embedding }
    });
    let data = data.collect::<Vec<_>>();
    let prompt: u64 = inputs.iter().map(|input| weigh(input).max(1)).sum();
    let usage = object! { "prompt_tokens": prompt, "total_tokens": prompt };
    let body = object! { "object": "list", "data": data, "model": asked.model, "usage": usage };
    Ok(Answer {
        content: Content::Whole {
            body,
            text: String::new(),
        },
        usage,
        thinking_verified: 0,
    })
}

type Read = (Vec<Value>, Option<usize>, bool);

fn read(body: &Node<'_>) -> Result<Read, Problem> {
    body.only(&["model", "input", "dimensions", "encoding_format", "user"])?;
    body.need("model")?.text()?;
    let input = body.need("input")?;
    let inputs = match input.value {
        Value::String(_) => vec![input.value.clone()],
        _ => {
            let items = input.items()?;
            match items.first() {
                None => return Err(input.problem(What::TooFew)),
                // One list of tokens is one input.
                Some(first) if first.value.is_number() => vec![input.value.clone()],
                Some(_) if items.len() > 2048 => {
                    return Err(input.problem(What::TooMany {
                        most: 2048,
                        got: items.len(),
                    }));
                }
                Some(_) => items.iter().map(|item| item.value.clone()).collect(),
            }
        }
    };
    for text in &inputs {
        if text.as_str() == Some("") {
            return Err(input.other("Invalid 'input': input cannot be an empty string."));
        }
        if !(text.is_string() || text.is_array()) {
            return Err(input.problem(What::Type {
                expected: "a string",
                got: "something else",
            }));
        }
    }
    let dimensions = body
        .get("dimensions")
        .map(|node| node.count(1))
        .transpose()?;
    let format = body
        .get("encoding_format")
        .map_or(Ok("float"), |node| node.one_of(&["float", "base64"]))?;
    Ok((
        inputs,
        dimensions.and_then(|n| usize::try_from(n).ok()),
        format == "base64",
    ))
}

fn vector(input: &Value, dimensions: usize) -> Vec<f32> {
    let text = input.to_string();
    let mut state = hash([text.as_bytes()]) | 1;
    let raw: Vec<f32> = (0..dimensions)
        .map(|_| {
            state = state.wrapping_mul(0xda942042e4dd58b5).rotate_left(37);
            f32::from((state & 0xffff) as u16) / 32768.0 - 1.0
        })
        .collect();
    let length = raw
        .iter()
        .map(|x| x * x)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    raw.into_iter().map(|x| x / length).collect()
}
