//! What the gateway tells a collector of itself.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::collector::Collector;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

fn texts(span: &Span) -> BTreeMap<&str, &str> {
    let pairs = span.attributes.iter().filter_map(|attribute| {
        match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some((attribute.key.as_str(), text.as_str())),
            _ => None,
        }
    });
    pairs.collect()
}

#[track_caller]
fn next(collector: &Collector, name: &str, seen: usize) -> Span {
    wait::for_some(&format!("a span {name}"), || {
        let spans = collector.spans().into_iter();
        spans.filter(|span| span.name == name).nth(seen)
    })
}

#[test]
fn a_collector_hears_of_start_migrations_reloads_and_what_the_command_line_changed() {
    let upstream = Upstream::start();
    let collector = Collector::start();
    let telemetry = format!(
        "telemetry: {{ otlp: [{{ endpoint: \"http://{}\" }}] }}\n",
        collector.address
    );
    let server = Server::configured(&(configuration(upstream.address) + &telemetry));
    let start = next(&collector, "start", 0);
    assert!(texts(&start).contains_key("version"), "{start:?}");
    let migrations = next(&collector, "migrations", 0);
    assert_eq!(migrations.parent_span_id, start.span_id);
    assert_eq!(migrations.trace_id, start.trace_id);
    assert!(start.start_time_unix_nano <= migrations.start_time_unix_nano);

    let good = fs::read_to_string(server.config_path()).unwrap();
    fs::write(server.config_path(), format!("{good}\n# changed\n")).unwrap();
    let reload = next(&collector, "reload", 0);
    assert_eq!(texts(&reload)["result"], "ok");
    assert!(reload.end_time_unix_nano > reload.start_time_unix_nano);
    fs::write(server.config_path(), good.replacen("keys:", "kyes:", 1)).unwrap();
    let refused = next(&collector, "reload", 1);
    assert_eq!(texts(&refused)["result"], "refused");
    assert_eq!(refused.status.unwrap().code, 2);
    fs::write(server.config_path(), &good).unwrap();
    next(&collector, "reload", 2);

    let made = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["keys", "create", "made", "--config"])
        .arg(server.config_path())
        .current_dir(server.folder.path())
        .env("TOLLGATE_LISTEN", server.address.to_string())
        .status()
        .unwrap();
    assert!(made.success());
    let admin = next(&collector, "admin", 0);
    let reload = next(&collector, "reload", 3);
    assert_eq!(reload.parent_span_id, admin.span_id);
    // Batches of the drain that went well are not worth telling, and requests are told once.
    let names: Vec<String> = collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert!(!names.iter().any(|name| name == "drain batch"), "{names:?}");
}
