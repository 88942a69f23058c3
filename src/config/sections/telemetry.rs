//! `telemetry`: logs, and where spans are sent.

use super::address;
use super::header;
use crate::config::read::{List, Named, Reader, SecretText, choices, section};
use crate::config::snapshot::{LogFormat, OtlpTarget, Telemetry};

section! {
    /// Logs, and where spans are sent.
    pub(crate) struct TelemetrySection {
        /// Default: `human`.
        log: LogFormat,
        /// Collectors that get every span, each from a cursor of its own.
        otlp: List<OtlpSection>,
    }
}

section! {
    /// A collector that takes OTLP over HTTP in protobuf.
    pub(crate) struct OtlpSection {
        /// The whole URL, such as `http://mlflow:5000/v1/traces`.
        endpoint: String = required,
        /// Headers of every call; their values are kept from sight.
        headers: Named<SecretText>,
    }
}

choices! {
    LogFormat: "json" => Json, "human" => Human;
}

pub(crate) fn resolve(section: Option<TelemetrySection>, reader: &mut Reader<'_>) -> Telemetry {
    let mut telemetry = Telemetry {
        log: LogFormat::Human,
        otlp: Vec::new(),
    };
    let Some(section) = section else {
        return telemetry;
    };
    if let Some(log) = section.log {
        telemetry.log = log.value;
    }
    for target in section
        .otlp
        .into_iter()
        .flat_map(|list| list.value.into_items())
    {
        let headers = header::resolve(target.value.headers, reader);
        let Some(endpoint) = target.value.endpoint else {
            continue;
        };
        if address::read(&endpoint, "http://mlflow:5000/v1/traces", reader).is_some() {
            telemetry.otlp.push(OtlpTarget {
                endpoint: endpoint.value,
                headers: headers.into_iter().map(|(n, v)| (n, v.into())).collect(),
            });
        }
    }
    telemetry
}
