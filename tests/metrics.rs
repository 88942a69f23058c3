//! A server's own figures.

use crate::http;
use crate::server::Server;

/// The sum of a metric over its labels.
pub(crate) fn value(server: &Server, name: &str) -> f64 {
    value_of(server, name, "")
}

/// The sum of a metric over those of its series that say this in a label.
pub(crate) fn value_of(server: &Server, name: &str, label: &str) -> f64 {
    let answer = http::get(server.address, "/metrics", &[]).unwrap();
    let lines = answer.body.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_named = rest.starts_with([' ', '{']) && rest.contains(label);
        let value = rest.rsplit_once(' ')?.1;
        is_named.then(|| value.parse::<f64>().unwrap())
    });
    lines.sum()
}
