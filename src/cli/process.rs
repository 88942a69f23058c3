//! What is set for the whole process before anything else.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::Write as _;

/// No core is written: it would hold every credential in plain text.
pub(super) fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        let _ = writeln!(
            std::io::stderr(),
            "tollgate: core dumps cannot be turned off: {error}"
        );
    }
}
