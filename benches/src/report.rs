//! What was found, as a Markdown table for people and JSON for everything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde::Serialize;

use crate::compare::{Findings, Measured};
use crate::contestant::Name;
use crate::figure::{Compared, Sample};

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) values: BTreeMap<Name, f64>,
    /// Tollgate's, the drain included.
    pub(crate) whole: Option<f64>,
    /// To the bare proxy, the median of the rounds' ratios.
    pub(crate) ratios: BTreeMap<Name, f64>,
    pub(crate) goal: Option<Goal>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Goal {
    RatioAtMost(f64),
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    /// Whether Tollgate reached the goal; `None` without a goal or without Tollgate.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let value = self.values.get(&Name::Tollgate).copied();
        let ratio = self.ratios.get(&Name::Tollgate).copied();
        match self.goal? {
            Goal::RatioAtMost(most) => ratio.map(|ratio| ratio <= most),
            Goal::AtMost(most) => value.map(|value| value <= most),
            Goal::AtLeast(least) => value.map(|value| value >= least),
        }
    }
}

pub(crate) fn rows(findings: &Findings) -> Vec<Row> {
    let mut rows: Vec<Row> = findings.measured.iter().map(row).collect();
    rows.extend(
        findings
            .measured
            .iter()
            .filter(|measured| measured.figure.connections == 256)
            .map(memory_row),
    );
    if let Some(idle) = &findings.idle {
        rows.push(Row {
            title: format!("memory of an idle stream, {} of them", idle.streams),
            unit: "KiB",
            values: idle.each.clone(),
            whole: None,
            ratios: BTreeMap::new(),
            goal: Some(Goal::AtMost(20.0)),
        });
    }
    if let Some(drain) = &findings.drain {
        rows.push(Row {
            title: "drain, spans of 4.5 kB".into(),
            unit: "spans/s of one core",
            values: BTreeMap::from([(Name::Tollgate, drain.spans_per_core_second)]),
            whole: None,
            ratios: BTreeMap::new(),
            goal: Some(Goal::AtLeast(20_000.0)),
        });
    }
    rows
}

fn row(measured: &Measured) -> Row {
    let figure = &measured.figure;
    let direct = measured.samples.get(&Name::Direct);
    // One figure a round; the latency's is what came on top of the upstream's own.
    let by_round = |samples: &[Sample]| -> Vec<f64> {
        let of = |(round, sample): (usize, &Sample)| match figure.compared {
            Compared::Cpu => sample.path_us,
            Compared::AddedLatency => {
                sample.p50_us
                    - direct
                        .and_then(|direct| direct.get(round))
                        .map_or(0.0, |direct| direct.p50_us)
            }
        };
        samples.iter().enumerate().map(of).collect()
    };
    let rounds: BTreeMap<Name, Vec<f64>> = measured
        .samples
        .iter()
        .filter(|(name, _)| **name != Name::Direct)
        .map(|(name, samples)| (*name, by_round(samples)))
        .collect();
    let bare = rounds.get(&Name::Bare).cloned().unwrap_or_default();
    let ratios = rounds
        .iter()
        .filter(|(name, _)| **name != Name::Bare)
        .map(|(name, values)| {
            (
                *name,
                median(values.iter().zip(&bare).map(|(value, bare)| value / bare)),
            )
        })
        .collect();
    let whole = match figure.compared {
        Compared::Cpu => measured
            .samples
            .get(&Name::Tollgate)
            .map(|samples| median(samples.iter().map(|sample| sample.whole_us))),
        Compared::AddedLatency => None,
    };
    Row {
        title: figure.title.into(),
        unit: "µs",
        values: rounds
            .into_iter()
            .map(|(name, values)| (name, median(values)))
            .collect(),
        whole,
        ratios,
        goal: figure.goal.map(Goal::RatioAtMost),
    }
}

fn memory_row(measured: &Measured) -> Row {
    let most = |samples: &Vec<Sample>| {
        samples
            .iter()
            .map(|sample| sample.resident_kib)
            .max()
            .unwrap_or(0) as f64
            / 1024.0
    };
    Row {
        title: format!(
            "resident memory, {} connections",
            measured.figure.connections
        ),
        unit: "MiB",
        values: measured
            .samples
            .iter()
            .map(|(name, samples)| (*name, most(samples)))
            .collect(),
        whole: None,
        ratios: BTreeMap::new(),
        goal: Some(Goal::AtMost(40.0)),
    }
}

/// The middle one, or the mean of the two in the middle; NaN of nothing.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (values.get(half), values.len() % 2) {
        (Some(middle), 1) => *middle,
        (Some(upper), _) => values
            .get(half.saturating_sub(1))
            .map_or(f64::NAN, |lower| (lower + upper) / 2.0),
        (None, _) => f64::NAN,
    }
}

pub(crate) fn markdown(findings: &Findings, rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        let _infallible = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(
        &[
            "",
            "bare hyper",
            "nginx",
            "Tollgate",
            "whole",
            "nginx ÷ bare",
            "Tollgate ÷ bare",
            "goal",
            "",
        ]
        .map(String::from),
    );
    line(
        &[
            "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "---",
        ]
        .map(String::from),
    );
    for row in rows {
        let value = |name| row.values.get(&name).copied().map_or(String::new(), number);
        let ratio = |name| {
            row.ratios
                .get(&name)
                .map_or(String::new(), |ratio| format!("{ratio:.2}"))
        };
        let goal = match row.goal {
            Some(Goal::RatioAtMost(most)) => format!("≤ {most} ×"),
            Some(Goal::AtMost(most)) => format!("≤ {most}"),
            Some(Goal::AtLeast(least)) => format!("≥ {least}"),
            None => String::new(),
        };
        let verdict = match row.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        line(&[
            format!("{} ({})", row.title, row.unit),
            value(Name::Bare),
            value(Name::Nginx),
            value(Name::Tollgate),
            row.whole.map_or(String::new(), number),
            ratio(Name::Nginx),
            ratio(Name::Tollgate),
            goal,
            verdict.into(),
        ]);
    }
    let machine = Machine::here();
    let _infallible = write!(
        text,
        "\nCPU is of all threads but the drain's; `whole` includes the drain, until the journal is in the store. \
         Medians of {} interleaved rounds, {:.0} s in all; {} ({} cores), {}; load average at the end {}.",
        findings.rounds,
        findings.seconds,
        machine.processor,
        machine.cores,
        machine.kernel,
        machine.load_average
    );
    for note in &findings.notes {
        let _infallible = write!(text, "\n{note}.");
    }
    text
}

fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[derive(Debug, Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    load_average: String,
}

impl Machine {
    fn here() -> Machine {
        let first_line = |path: &str| {
            fs::read_to_string(path)
                .unwrap_or_default()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let processor = fs::read_to_string("/proc/cpuinfo")
            .unwrap_or_default()
            .lines()
            .find_map(|line| {
                line.strip_prefix("model name")
                    .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
            })
            .unwrap_or_default();
        Machine {
            processor,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: format!("Linux {}", first_line("/proc/sys/kernel/osrelease")),
            load_average: first_line("/proc/loadavg"),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WithMachine<'a> {
    machine: Machine,
    rows: Vec<Row>,
    findings: &'a Findings,
}

pub(crate) fn with_machine(findings: &Findings) -> WithMachine<'_> {
    WithMachine {
        machine: Machine::here(),
        rows: rows(findings),
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians_are_of_the_sorted_values() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
