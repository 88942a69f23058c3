//! `telemetry`: logs, and where spans are sent.

use super::server::readable;
use super::{address, header, proxy};
use crate::config::read::{List, Named, PathText, Reader, SecretText, choices, section};
use crate::config::snapshot::{LogFormat, OtlpTarget, Telemetry};
use http::Uri;
use std::sync::Arc;

section! {
    /// Logs, and where spans are sent.
    pub(crate) struct TelemetrySection {
        /// Default: `human`.
        log: LogFormat,
        /// Collectors that get every span, each at its own pace.
        otlp: List<OtlpSection>,
    }
}

section! {
    /// A collector that takes OTLP over HTTP in protobuf.
    pub(crate) struct OtlpSection {
        /// The whole URL, such as `http://mlflow:5000/v1/traces`. Without a path: `/v1/traces`.
        endpoint: String = required,
        /// Headers of every call, such as `x-mlflow-experiment-id`; their values are kept from sight.
        headers: Named<SecretText>,
        /// PEM file of the authorities to trust in place of the public ones, relative to this file's folder.
        ca_file: PathText,
        /// Whether it also gets spans about the gateway itself: starts, reloads, migrations, what the command line
        /// changed, slow or failed batches of the drain. Default: true.
        own_spans: bool,
    }
}

choices! {
    LogFormat: "json" => Json, "human" => Human;
}

pub(crate) fn resolve(section: Option<TelemetrySection>, reader: &mut Reader<'_>) -> Telemetry {
    let mut telemetry = Telemetry {
        log: resolve_log(section.as_ref()),
        otlp: Vec::new(),
    };
    let Some(section) = section else {
        return telemetry;
    };
    for target in section
        .otlp
        .into_iter()
        .flat_map(|list| list.value.into_items())
    {
        telemetry.otlp.extend(resolve_one(target.value, reader));
    }
    telemetry
}

pub(crate) fn resolve_log(section: Option<&TelemetrySection>) -> LogFormat {
    let log = section.and_then(|section| section.log.as_ref());
    log.map_or(LogFormat::Human, |log| log.value)
}

fn resolve_one(section: OtlpSection, reader: &mut Reader<'_>) -> Option<OtlpTarget> {
    let headers = header::resolve(section.headers, reader);
    let ca_file = readable(section.ca_file.as_ref(), reader);
    let endpoint = section.endpoint?;
    let base = address::read(&endpoint, "http://mlflow:5000/v1/traces", reader)?;
    let proxy = match proxy::from_environment(&base, reader.sources.environment) {
        None => None,
        Some(Ok(proxy)) => Some(Arc::new(proxy)),
        Some(Err(wrong)) => {
            let message =
                format!("the environment variable `HTTPS_PROXY` is no URL of a proxy: {wrong}");
            reader.note_at(&endpoint, message);
            return None;
        }
    };
    let uri: Uri = endpoint.parse().ok()?;
    Some(OtlpTarget {
        path: match uri.path() {
            "" | "/" => "/v1/traces",
            path => path,
        }
        .to_owned(),
        endpoint: endpoint.value,
        base,
        headers: headers.into_iter().map(|(n, v)| (n, v.into())).collect(),
        ca_file,
        proxy,
        own_spans: section.own_spans.is_none_or(|wanted| wanted.value),
    })
}
