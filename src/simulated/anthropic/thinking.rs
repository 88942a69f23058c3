//! `thinking`, `output_config` and sampling: what each model family takes, alone and together.

use serde_json::Value;

use super::models::{Facts, Thinks};
use super::schema;
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem};
use crate::simulated::plan::Shape;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Off,
    Budget,
    Adaptive,
    BetweenTools,
}

impl Mode {
    pub(super) fn is_on(self) -> bool {
        matches!(self, Self::Budget | Self::Adaptive)
    }
}

#[derive(Debug)]
pub(super) struct Thinking {
    pub(super) mode: Mode,
    pub(super) is_shown: bool,
    /// How much a turn thinks.
    pub(super) tokens: u64,
    pub(super) shape: Shape,
}

pub(super) fn read(body: &Node<'_>, model: &str, facts: &Facts) -> Result<Thinking, Failure> {
    let (effort, shape) = output_config(body, facts)?;
    let node = body.get("thinking");
    let asked = node
        .as_ref()
        .map(|node| kind(node))
        .transpose()
        .map_err(Failure::anthropic)?;
    let is_low = !matches!(effort, Some("xhigh" | "max"));
    let refused = |message: String| Err(Failure::bad(message));
    let mode = match (asked, facts.thinks) {
        (None, Thinks::Always | Thinks::ByDefault) => Mode::Adaptive,
        (None, _) => Mode::Off,
        (Some("enabled"), Thinks::Budget | Thinks::Both) => Mode::Budget,
        (
            Some("adaptive"),
            Thinks::Both | Thinks::Adaptive | Thinks::ByDefault | Thinks::Always,
        ) => Mode::Adaptive,
        (Some("disabled"), Thinks::Always) => {
            return refused(format!(
                "thinking.type: \"disabled\" is not supported on {model}: thinking is always on"
            ));
        }
        (Some("disabled"), Thinks::ByDefault) if !is_low => {
            return refused(
                "thinking.type: \"disabled\" is only supported at efforts up to high".to_owned(),
            );
        }
        (Some("disabled"), _) => Mode::Off,
        (Some("between_tools"), _) if facts.has_between_tools && is_low => Mode::BetweenTools,
        (Some("enabled"), Thinks::Never) => {
            return refused(format!("'{model}' does not support thinking."));
        }
        (Some("enabled"), _) => {
            return refused(format!(
                "\"thinking.type.enabled\" is not supported for {model}. Use \"thinking.type.adaptive\" and \
                 \"output_config.effort\" to control thinking behavior."
            ));
        }
        (Some(kind), _) => {
            return refused(format!("{kind} thinking is not supported on this model"));
        }
    };
    let display = node
        .as_ref()
        .and_then(|node| node.get("display"))
        .and_then(|display| display.value.as_str());
    sampling(body, facts, mode)?;
    Ok(Thinking {
        mode,
        is_shown: display.map_or(!facts.binds_thinking, |display| display == "summarized"),
        tokens: match (mode.is_on(), effort.unwrap_or("high")) {
            (false, _) => 0,
            (true, "low") => 16,
            (true, "medium") => 32,
            (true, "xhigh") => 96,
            (true, "max") => 128,
            (true, _) => 64,
        },
        shape,
    })
}

fn kind<'a>(node: &Node<'a>) -> Result<&'a str, Problem> {
    let kind = node
        .need("type")?
        .one_of(&["enabled", "disabled", "adaptive", "between_tools"])?;
    match kind {
        "enabled" => {
            node.only(&["type", "budget_tokens", "display"])?;
            node.need("budget_tokens")?.integer(1024, i64::MAX)?;
        }
        "adaptive" => node.only(&["type", "display"])?,
        _ => node.only(&["type"])?,
    }
    if let Some(display) = node.get("display") {
        display.one_of(&["summarized", "omitted"])?;
    }
    Ok(kind)
}

fn output_config<'a>(body: &Node<'a>, facts: &Facts) -> Result<(Option<&'a str>, Shape), Failure> {
    let Some(config) = body.get("output_config") else {
        return Ok((None, Shape::Text));
    };
    config
        .only(&["effort", "format"])
        .map_err(Failure::anthropic)?;
    let known = &["low", "medium", "high", "xhigh", "max"];
    let effort = config
        .get("effort")
        .map(|node| node.one_of(known))
        .transpose()
        .map_err(Failure::anthropic)?;
    if let Some(effort) = effort {
        if facts.efforts.is_empty() {
            return Err(Failure::bad(
                "This model does not support the effort parameter.",
            ));
        }
        if !facts.efforts.contains(&effort) {
            let listed = facts.efforts.join(", ");
            let message = format!(
                "This model does not support effort level '{effort}'. Supported levels: {listed}."
            );
            return Err(Failure::bad(message));
        }
    }
    let Some(format) = config.get("format") else {
        return Ok((effort, Shape::Text));
    };
    if !facts.has_schema {
        return Err(Failure::bad(
            "output_config.format: structured outputs are not supported on this model",
        ));
    }
    let schema = schema_of(&format).map_err(Failure::anthropic)?;
    Ok((effort, Shape::Schema(schema)))
}

fn schema_of(format: &Node<'_>) -> Result<Value, Problem> {
    format.only(&["type", "schema"])?;
    format.need("type")?.one_of(&["json_schema"])?;
    let schema = format.need("schema")?;
    schema::check(&schema)?;
    Ok(schema.value.clone())
}

fn sampling(body: &Node<'_>, facts: &Facts, mode: Mode) -> Result<(), Failure> {
    let number = |name: &str, most| {
        body.get(name)
            .map(|node| node.number(0.0, most))
            .transpose()
    };
    let temperature = number("temperature", 1.0).map_err(Failure::anthropic)?;
    let top_p = number("top_p", 1.0).map_err(Failure::anthropic)?;
    let top_k = body
        .get("top_k")
        .map(|node| node.count(0))
        .transpose()
        .map_err(Failure::anthropic)?;
    if !facts.has_sampling {
        let named = [
            ("temperature", temperature.is_some()),
            ("top_p", top_p.is_some()),
            ("top_k", top_k.is_some()),
        ];
        if let Some((name, _)) = named.iter().find(|(_, is_there)| *is_there) {
            return Err(Failure::bad(format!(
                "`{name}` is not supported on this model."
            )));
        }
    }
    if temperature.is_some() && top_p.is_some() && !facts.has_both_samplings {
        let message = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        return Err(Failure::bad(message));
    }
    if mode.is_on() {
        if temperature.is_some_and(|value| value != 1.0) {
            return Err(Failure::bad(
                "`temperature` may only be set to 1 when thinking is enabled.",
            ));
        }
        if top_p.is_some_and(|value| value < 0.95) {
            return Err(Failure::bad(
                "`top_p` must be greater than or equal to 0.95 when thinking is enabled.",
            ));
        }
        if top_k.is_some() {
            return Err(Failure::bad(
                "`top_k` must be unset when thinking is enabled.",
            ));
        }
    }
    Ok(())
}
