//! `routes`: what a caller's model name leads to.

use super::limit::{self, LimitSection, Of};
use super::provider::Providers;
use super::retry::{self, RetrySection, TimeoutSection};
use super::server::bounded_size;
use super::target::{FallbackSection, PendingFallback, TargetSection};
use crate::config::read::{Bytes, List, Located, Named, Reader, choices, list, section};
use crate::config::snapshot::{Capture, OnJournalFull, OnLoss, Route};
use crate::config::suggest;
use std::collections::HashMap;
use tollgate_domain::RouteName;
use tollgate_governance::strategy::Strategy;
use tollgate_governance::{NamePattern, NameTable};

section! {
    /// What a model name leads to. The route's own name is exact or ends in `*`.
    pub(crate) struct RouteSection {
        /// Further names, of the same form.
        aliases: List<String>,
        /// `weighted` picks at random by weight, `priority` takes the file's order. Default: `weighted`.
        strategy: Strategy,
        /// Where requests go.
        #[schemars(extend("minItems" = 1))]
        targets: List<TargetSection> = required,
        /// Tried in order once no target is left: names of routes, or targets.
        fallbacks: List<FallbackSection>,
        /// When a failure is tried again.
        retry: RetrySection,
        /// How long is waited for a provider.
        timeout: TimeoutSection,
        /// Limits by key on this route, or of the whole route.
        limits: List<LimitSection>,
        /// What of the bodies traces keep: `full`, `metadata` (none of them), `off`. Default: `full`.
        capture: Capture,
        /// How much of a body is kept; of those that are written together, 31 MiB at the most. Default: `1MiB`.
        capture_max: Bytes,
        /// The id of the experiment that traces go to. Default: `"0"`.
        experiment: String,
        /// What a target cannot express is dropped and named (`drop`) or a 400 (`refuse`). Default: `drop`.
        on_loss: OnLoss,
        /// A request that cannot be journaled is a 503 (`refuse`) or goes on unaccounted, counted in a metric
        /// (`continue`). Default: `refuse`.
        on_journal_full: OnJournalFull,
    }
}

choices! {
    Strategy: "weighted" => Weighted, "priority" => Priority;
    Capture: "full" => Full, "metadata" => Metadata, "off" => Off;
    OnLoss: "drop" => Drop, "refuse" => Refuse;
    OnJournalFull: "refuse" => Refuse, "continue" => Continue;
}

/// A route whose fallbacks are still names.
pub(crate) struct PendingRoute {
    pub(crate) name: Located<String>,
    pub(crate) route: Route,
    pub(crate) fallbacks: Vec<PendingFallback>,
}

/// The names of all routes, also of those that could not be read.
#[derive(Default)]
pub(crate) struct RouteNames {
    /// The route's place in the list of those that could be read.
    places: NameTable<Option<usize>>,
    all: Vec<String>,
}

impl RouteNames {
    fn insert(&mut self, name: &str, place: Option<usize>) {
        self.places.insert(name, place);
        self.all.push(name.to_owned());
    }

    /// The route that a name leads to. A name that leads nowhere is noted.
    pub(crate) fn find(&self, name: &Located<String>, reader: &mut Reader<'_>) -> Option<usize> {
        let found = self.places.get(name);
        if found.is_none() {
            self.note_unknown(name, reader);
        }
        found.copied().flatten()
    }

    /// Whether a name leads to a route, or is the beginning of a route's name. If neither, that is noted.
    pub(crate) fn check(&self, name: &Located<String>, reader: &mut Reader<'_>) -> bool {
        let pattern = NamePattern::new(name.as_str());
        let is_one = self.places.get(name).is_some() || self.all.iter().any(|n| pattern.matches(n));
        if !is_one {
            self.note_unknown(name, reader);
        }
        is_one
    }

    fn note_unknown(&self, name: &Located<String>, reader: &mut Reader<'_>) {
        let hint = suggest::hint(name, self.all.iter().map(String::as_str));
        reader.note_at(name, format!("no route named `{}`{hint}", name.value));
    }
}

pub(crate) fn resolve(
    section: Option<Located<Named<RouteSection>>>,
    providers: &Providers,
    reader: &mut Reader<'_>,
) -> (Vec<PendingRoute>, RouteNames) {
    let entries = section.map(|section| section.value.into_entries());
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut names = RouteNames::default();
    let mut routes = Vec::new();
    for entry in entries.into_iter().flatten() {
        let index = entry.value.is_some().then_some(routes.len());
        check_name(&entry.name, &mut taken, reader);
        names.insert(&entry.name, index);
        let Some(mut section) = entry.value else {
            continue;
        };
        for alias in list(&section.aliases) {
            check_name(alias, &mut taken, reader);
            names.insert(alias, index);
        }
        let fallbacks = section.fallbacks.take();
        let fallbacks = fallbacks
            .into_iter()
            .flat_map(|list| list.value.into_items());
        routes.push(PendingRoute {
            fallbacks: fallbacks
                .filter_map(|fallback| PendingFallback::new(fallback, providers, reader))
                .collect(),
            route: resolve_one(&entry.name, &section, providers, reader),
            name: entry.name,
        });
    }
    (routes, names)
}

fn resolve_one(
    name: &Located<String>,
    section: &RouteSection,
    providers: &Providers,
    reader: &mut Reader<'_>,
) -> Route {
    let aliases = list(&section.aliases)
        .iter()
        .map(|alias| RouteName::from(alias.as_str()))
        .collect();
    let targets = list(&section.targets)
        .iter()
        .filter_map(|target| target.resolve(providers, reader))
        .collect();
    check_targets(section, reader);
    if let Some(experiment) = section.experiment.as_ref().filter(|id| id.is_empty()) {
        reader.note_at(
            experiment,
            "expected an experiment's id such as `\"0\"`, found nothing",
        );
    }
    let capture_max = bounded_size(section.capture_max.as_ref(), 0, 64 << 20, reader);
    Route {
        name: RouteName::from(name.as_str()),
        aliases,
        strategy: choice(section.strategy.as_ref(), Strategy::Weighted),
        targets,
        fallbacks: Vec::new(),
        retry: retry::resolve(section.retry.as_deref(), reader),
        timeout: retry::resolve_timeouts(section.timeout.as_deref(), reader),
        limits: limit::resolve(list(&section.limits), Of::Route, reader),
        capture: choice(section.capture.as_ref(), Capture::Full),
        capture_max: capture_max.unwrap_or(1 << 20),
        experiment: section
            .experiment
            .as_ref()
            .map_or("0", |id| id.as_str())
            .to_owned(),
        on_loss: choice(section.on_loss.as_ref(), OnLoss::Drop),
        on_journal_full: choice(section.on_journal_full.as_ref(), OnJournalFull::Refuse),
    }
}

fn choice<T: Copy>(given: Option<&Located<T>>, default: T) -> T {
    given.map_or(default, |given| given.value)
}

fn check_targets(section: &RouteSection, reader: &mut Reader<'_>) {
    let Some(targets) = section
        .targets
        .as_ref()
        .filter(|t| reader.is_sound(&t.field))
    else {
        return;
    };
    let weight = |target: &Located<TargetSection>| target.weight.as_ref().map_or(1, |w| w.value);
    if targets.is_empty() {
        reader.note_at(targets, "at least one target is needed");
    } else if targets.iter().all(|target| weight(target) == 0) {
        reader.note_at(targets, "every weight is 0: no target would ever be picked");
    }
}

/// Names are given once over all routes and aliases; `*` stands at the end alone.
fn check_name(name: &Located<String>, taken: &mut HashMap<String, usize>, reader: &mut Reader<'_>) {
    let stem = name.strip_suffix('*').unwrap_or(name);
    if name.is_empty() || name.len() > 256 {
        reader.note_at(name, "a route's name has 1 to 256 bytes");
    } else if stem.contains('*') {
        reader.note_at(name, "`*` is allowed at a name's end only");
    } else if !name.bytes().all(|b| b.is_ascii_graphic()) {
        reader.note_at(
            name,
            "a route's name has visible ASCII characters only, no spaces",
        );
    }
    if let Some(first) = taken.get(&name.value) {
        let message = format!(
            "the name `{}` is taken already, in line {first}",
            name.value
        );
        reader.note_at(name, message);
    } else {
        taken.insert(name.value.clone(), name.place.line);
    }
}
