//! Fallbacks to other routes: looked up as a caller's model would be, and never in a circle.

use super::route::{PendingRoute, RouteNames};
use super::target::PendingFallback;
use crate::config::read::Reader;
use crate::config::snapshot::{Fallback, Route};
use std::sync::Arc;
use tollgate_domain::RouteName;

/// Routes that fall back one to the next.
const MAX_DEPTH: usize = 16;

/// The routes with their fallbacks, in the file's order.
pub(crate) fn resolve(
    pending: Vec<PendingRoute>,
    names: &RouteNames,
    reader: &mut Reader<'_>,
) -> Vec<Arc<Route>> {
    let mut waiting: Vec<Option<PendingRoute>> = pending.into_iter().map(Some).collect();
    let mut done: Vec<Option<Arc<Route>>> = vec![None; waiting.len()];
    for index in 0..waiting.len() {
        finish(
            index,
            names,
            &mut waiting,
            &mut done,
            &mut Vec::new(),
            reader,
        );
    }
    done.into_iter().flatten().collect()
}

/// Finishes a route after those that it falls back to. `above` are the routes that wait for this one.
fn finish(
    index: usize,
    names: &RouteNames,
    waiting: &mut [Option<PendingRoute>],
    done: &mut [Option<Arc<Route>>],
    above: &mut Vec<(usize, String)>,
    reader: &mut Reader<'_>,
) {
    let Some(mut pending) = waiting.get_mut(index).and_then(Option::take) else {
        return;
    };
    above.push((index, pending.name.value.clone()));
    for fallback in pending.fallbacks {
        let name = match fallback {
            PendingFallback::Target(target) => {
                pending.route.fallbacks.push(Fallback::Target(target));
                continue;
            }
            PendingFallback::Route(name) => name,
        };
        let Some(to) = names.find(&name, reader) else {
            continue;
        };
        if let Some(start) = above.iter().position(|(index, _)| *index == to) {
            let circle = above.iter().skip(start).map(|(_, name)| name.as_str());
            let circle: Vec<&str> = circle.chain([name.as_str()]).collect();
            reader.note_at(
                &name,
                format!("falls back in a circle: {}", circle.join(" → ")),
            );
            continue;
        }
        if above.len() >= MAX_DEPTH {
            reader.note_at(
                &name,
                format!("more than {MAX_DEPTH} routes fall back one to the next"),
            );
            continue;
        }
        finish(to, names, waiting, done, above, reader);
        if let Some(route) = done.get(to).cloned().flatten() {
            pending.route.fallbacks.push(Fallback::Route {
                name: RouteName::from(name.value),
                route,
            });
        }
    }
    above.pop();
    if let Some(slot) = done.get_mut(index) {
        *slot = Some(Arc::new(pending.route));
    }
}
