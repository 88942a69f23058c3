//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

/// Catches hangs only; nothing here is meant to take so long.
pub(crate) const HANG: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// As [`HANG`], for what takes long to start.
const LONG: Duration = Duration::from_secs(180);

/// The first value that `look` finds; panics with `what` once [`HANG`] is over.
#[track_caller]
pub(crate) fn for_some<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(HANG, what, look)
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "tests wait by the real clock")]
fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < limit, "waited too long for {what}");
        thread::sleep(PAUSE);
    }
}

/// Waits until `holds` does.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for_some(what, || holds().then_some(()));
}

/// Waits until `holds` does, for as long as the slowest start takes.
#[track_caller]
pub(crate) fn until_at_last(what: &str, mut holds: impl FnMut() -> bool) {
    within(LONG, what, || holds().then_some(()));
}
