//! `traces show`: one trace as a tree.

use super::super::error::CliError;
use super::super::text::{cut, nanos, or_dash, plain, time_with_millis, tokens};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use tollgate_domain::{SpanId, TraceId};
use tollgate_store::Store;
use tollgate_store::traces::{Span, SpanStatus, Trace, TraceInfo};

/// Characters of a preview or an attribute that are shown.
const WIDTH: usize = 400;
/// Deeper spans are shown at this depth.
const MAX_DEPTH: usize = 32;

/// Print a trace as a tree: for each span its start, duration, state, tokens and cost
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate traces show 4bf92f3577b34da6a3ce929d0e0e4736
  tollgate traces show tr-4bf92f3577b34da6a3ce929d0e0e4736 --attributes

Ids are printed by `tollgate traces tail`; MLflow's form with `tr-` is taken too.")]
pub(crate) struct Show {
    /// The trace's id
    id: String,
    /// Print each span's attributes too, inputs and outputs among them
    #[arg(long, short)]
    attributes: bool,
}

impl Show {
    pub(crate) fn run(&self, store: &Store, out: &mut dyn Write) -> Result<(), CliError> {
        let text = self.id.strip_prefix("tr-").unwrap_or(&self.id);
        let id: TraceId = text.to_ascii_lowercase().parse().map_err(|wrong| {
            CliError::Usage(format!("`{}` is no trace's id: {wrong}", plain(&self.id)))
        })?;
        let trace = store
            .trace(id)?
            .ok_or_else(|| CliError::Usage(format!("the store has no trace {id}")))?;
        write_head(&trace.info, out)?;
        for (depth, span) in tree(&trace) {
            write_span(&trace, depth, span, self.attributes, out)?;
        }
        Ok(())
    }
}

fn write_head(info: &TraceInfo, out: &mut dyn Write) -> Result<(), CliError> {
    let duration = u64::try_from(info.duration_ms).unwrap_or(0);
    writeln!(
        out,
        "{}  {}  {}",
        info.trace,
        info.state.as_str(),
        plain(&info.name)
    )?;
    writeln!(
        out,
        "started {}, took {}, key {}, team {}, experiment {}",
        time_with_millis(info.start_ms),
        nanos(duration.saturating_mul(1_000_000)),
        or_dash(&info.key),
        or_dash(&info.team),
        info.experiment
    )?;
    if let Some(count) = info.tokens {
        let cached = match count.cache_read {
            0 => String::new(),
            read => format!(" ({read} of the input from a cache)"),
        };
        let total = tokens(count.input, count.output);
        writeln!(out, "tokens {total}{cached}")?;
    }
    match info.cost {
        Some(cost) => writeln!(
            out,
            "cost {} = {} input + {} output",
            cost.total(),
            cost.input,
            cost.output
        )?,
        None => writeln!(out, "cost unknown")?,
    }
    for (what, text) in [
        ("request", &info.request_preview),
        ("response", &info.response_preview),
    ] {
        if !text.is_empty() {
            writeln!(out, "{what}: {}", cut(&plain(text), WIDTH))?;
        }
    }
    Ok(writeln!(out)?)
}

fn write_span(
    trace: &Trace,
    depth: usize,
    span: &Span,
    with_attributes: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let header = &span.header;
    let first = trace
        .spans
        .first()
        .map_or(0, |span| span.header.start_unix_nanos);
    let start = header.start_unix_nanos.saturating_sub(first);
    let took = header
        .end_unix_nanos
        .saturating_sub(header.start_unix_nanos);
    let indent = "  ".repeat(depth.min(MAX_DEPTH));
    let tokens = header
        .tokens
        .map(|(input, output)| format!("  {}", tokens(input, output)));
    let cost = header.cost.map(|cost| format!("  {}", cost.total()));
    writeln!(
        out,
        "{indent}{}  {}  at +{}  took {}{}{}",
        plain(&header.name),
        plain(&header.status),
        nanos(start),
        nanos(took),
        tokens.unwrap_or_default(),
        cost.unwrap_or_default()
    )?;
    if let SpanStatus::Error(message) = &span.status
        && !message.is_empty()
    {
        writeln!(out, "{indent}  error: {}", cut(&plain(message), WIDTH))?;
    }
    if with_attributes {
        for (key, value) in &span.attributes {
            let value = cut(&plain(&value.to_string()), WIDTH);
            writeln!(out, "{indent}  {} = {value}", plain(key))?;
        }
    }
    Ok(())
}

/// Spans with their depths, children below their parents, by start. A parent that is not here makes a root, and so
/// does one that leads in a circle: no span is lost.
fn tree(trace: &Trace) -> Vec<(usize, &Span)> {
    let ids: HashSet<SpanId> = trace.spans.iter().map(|span| span.header.span).collect();
    let mut children: HashMap<SpanId, Vec<&Span>> = HashMap::new();
    let mut roots = Vec::new();
    for span in &trace.spans {
        match span.header.parent.filter(|parent| ids.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(span),
            None => roots.push(span),
        }
    }
    // Those of a circle come last; the ones that were reached before are passed over.
    roots.extend(&trace.spans);
    let mut seen = HashSet::new();
    let mut ordered = Vec::new();
    for root in roots {
        let mut pending = vec![(0, root)];
        while let Some((depth, span)) = pending.pop() {
            if !seen.insert(span.header.span) {
                continue;
            }
            ordered.push((depth, span));
            let below = children.get(&span.header.span).into_iter().flatten();
            pending.extend(below.rev().map(|child| (depth + 1, *child)));
        }
    }
    ordered
}
