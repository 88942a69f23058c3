//! The answer as events, each with its number.

use super::reply::{Item, Reply};
use crate::simulated::answer::{Asked, event};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer};
use crate::simulated::script::{Frame, Kind};

struct Events {
    frames: Vec<Frame>,
}

impl Events {
    /// `fields` follow `type` and `sequence_number`.
    fn push(&mut self, name: &str, kind: Kind, text: &str, fields: &[(&str, &Json)]) {
        let mut writer = Writer::new();
        writer.field("type", &name);
        writer.field("sequence_number", &self.frames.len());
        fields
            .iter()
            .for_each(|(name, value)| writer.field(name, value));
        self.frames.push(event(name, &writer.finish(), kind, text));
    }
}

pub(super) fn frames(asked: &Asked<'_>, reply: &Reply) -> Vec<Frame> {
    let mut events = Events { frames: Vec::new() };
    let begun = reply.response("in_progress", &[], false);
    events.push(
        "response.created",
        Kind::Lifecycle,
        "",
        &[("response", &begun)],
    );
    events.push(
        "response.in_progress",
        Kind::Lifecycle,
        "",
        &[("response", &begun)],
    );
    for (index, item) in reply.items.iter().enumerate() {
        let index = Json::of(&index);
        let added = item.json("in_progress");
        events.push(
            "response.output_item.added",
            Kind::Lifecycle,
            "",
            &[("output_index", &index), ("item", &added)],
        );
        match item {
            Item::Reasoning { .. } => {}
            Item::Message {
                text, is_refusal, ..
            } => message(asked, &mut events, item, &index, text, *is_refusal),
            Item::Call {
                input, is_custom, ..
            } => call(asked, &mut events, item, &index, input, *is_custom),
        }
        let done = item.json("completed");
        events.push(
            "response.output_item.done",
            Kind::Lifecycle,
            "",
            &[("output_index", &index), ("item", &done)],
        );
    }
    let has_usage = !asked.has(&Fault::NoUsage);
    let (status, response) = match asked.has(&Fault::Fail) {
        true => ("failed", reply.failed()),
        false => (reply.status(), reply.finished(has_usage)),
    };
    // A failure is this API's own end, not the dialect's error event.
    let name = format!("response.{status}");
    events.push(&name, Kind::End, "", &[("response", &response)]);
    events.frames
}

fn message(
    asked: &Asked<'_>,
    events: &mut Events,
    item: &Item,
    index: &Json,
    text: &str,
    is_refusal: bool,
) {
    let (id, zero, none) = (
        Json::of(&item.id()),
        Json::of(&0),
        Json::of(&Vec::<()>::new()),
    );
    let place = [
        ("item_id", &id),
        ("output_index", index),
        ("content_index", &zero),
    ];
    if let Some(part) = item.part(false) {
        events.push(
            "response.content_part.added",
            Kind::Lifecycle,
            "",
            &[&place[..], &[("part", &part)]].concat(),
        );
    }
    let (field, name) = if is_refusal {
        ("refusal", "refusal")
    } else {
        ("text", "output_text")
    };
    for piece in asked.long_line().into_iter().chain(asked.pieces(text)) {
        let delta = Json::of(&piece);
        let mut fields = [&place[..], &[("delta", &delta)]].concat();
        if !is_refusal {
            fields.push(("logprobs", &none));
        }
        events.push(
            &format!("response.{name}.delta"),
            Kind::Content,
            &piece,
            &fields,
        );
    }
    let whole = Json::of(&text);
    let mut fields = [&place[..], &[(field, &whole)]].concat();
    if !is_refusal {
        fields.push(("logprobs", &none));
    }
    events.push(
        &format!("response.{name}.done"),
        Kind::Lifecycle,
        "",
        &fields,
    );
    if let Some(part) = item.part(true) {
        events.push(
            "response.content_part.done",
            Kind::Lifecycle,
            "",
            &[&place[..], &[("part", &part)]].concat(),
        );
    }
}

fn call(
    asked: &Asked<'_>,
    events: &mut Events,
    item: &Item,
    index: &Json,
    input: &str,
    is_custom: bool,
) {
    let id = Json::of(&item.id());
    let place = [("item_id", &id), ("output_index", index)];
    let (stem, field) = match is_custom {
        true => ("response.custom_tool_call_input", "input"),
        false => ("response.function_call_arguments", "arguments"),
    };
    for piece in asked.pieces(input) {
        let delta = Json::of(&piece);
        let fields = [&place[..], &[("delta", &delta)]].concat();
        events.push(&format!("{stem}.delta"), Kind::Content, &piece, &fields);
    }
    let whole = Json::of(&input);
    events.push(
        &format!("{stem}.done"),
        Kind::Lifecycle,
        "",
        &[&place[..], &[(field, &whole)]].concat(),
    );
}
