//! Every metric, in one place. Labels are bounded: names from the configuration, statuses, never what callers send.

use super::backlog::Backlog;
use super::export_metrics::ExportMetrics;
use super::make::Make;
use super::others::Others;
use crate::clock::{self, Moment};
use crate::live::{LiveKey, LiveRoute, LiveTarget};
use crate::pipeline::exchange::{Attempt, Ending, Exchange};
use prometheus::{
    Encoder, Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use tollgate_domain::{Cost, Endpoint, Unit, Usage};
use tollgate_governance::health::{Breakers, State};
use tollgate_governance::strategy::{Failure, Verdict};

const DURATIONS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 10.24, 40.96, 163.84,
];
const OVERHEADS: [f64; 10] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.001_6, 0.003_2, 0.012_8, 0.1, 1.0,
];
const TOKENS: [f64; 13] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];
const GEN_AI: [&str; 3] = [
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_request_model",
];

/// Whose tokens are counted.
pub struct Spender<'a> {
    pub endpoint: Endpoint,
    pub route: &'a str,
    pub target: &'a LiveTarget,
    pub key: &'a LiveKey,
}

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    first_token: HistogramVec,
    overhead: Histogram,
    tokens: IntCounterVec,
    cost: IntCounterVec,
    cost_usd: prometheus::CounterVec,
    attempts: IntCounterVec,
    retries: IntCounterVec,
    fallbacks: IntCounterVec,
    limits: IntCounterVec,
    unpriced: IntCounterVec,
    estimated: IntCounterVec,
    /// Calls that make no trace.
    pub others: Others,
    health: IntGaugeVec,
    gen_ai_duration: HistogramVec,
    gen_ai_tokens: HistogramVec,
    pub in_flight: IntGauge,
    pub connections: IntGauge,
    pub journal_refused: IntCounter,
    pub backlog: Backlog,
    pub otlp: ExportMetrics,
    pub reloads: IntCounterVec,
    pub config_loaded: Gauge,
}

impl Metrics {
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let made = Make(&registry);
        Ok(Self {
            requests: made.counters(
                "tollgate_requests_total",
                "Requests to model endpoints, by how they ended.",
                &["route", "key", "team", "status"],
            )?,
            durations: made.histograms(
                "tollgate_request_duration_seconds",
                "From a request's head to its answer's last byte.",
                &["route"],
                &DURATIONS,
            )?,
            first_token: made.histograms(
                "tollgate_time_to_first_token_seconds",
                "From a try's start to its first content, streams only.",
                &["route", "provider", "model"],
                &DURATIONS,
            )?,
            overhead: made.histogram(
                "tollgate_overhead_seconds",
                "Time from a request's arrival until it left for a provider for the first time.",
                &OVERHEADS,
            )?,
            tokens: made.counters(
                "tollgate_tokens_total",
                "Tokens in disjoint buckets.",
                &["route", "provider", "model", "key", "team", "bucket"],
            )?,
            cost: made.counters(
                "tollgate_cost_nano_usd_total",
                "What was spent, in nano-dollars (exact).",
                &["route", "provider", "model", "key", "team"],
            )?,
            cost_usd: {
                let opts = Opts::new("tollgate_cost_usd_total", "What was spent, in dollars.");
                let labels = ["route", "provider", "model", "key", "team"];
                let vec = prometheus::CounterVec::new(opts, &labels)?;
                registry.register(Box::new(vec.clone()))?;
                vec
            },
            attempts: made.counters(
                "tollgate_upstream_attempts_total",
                "Tries at providers, by how they ended.",
                &["route", "provider", "model", "outcome"],
            )?,
            retries: made.counters(
                "tollgate_retries_total",
                "Tries at the same target again.",
                &["route", "provider", "reason"],
            )?,
            fallbacks: made.counters(
                "tollgate_fallbacks_total",
                "Moves on to another target.",
                &["route", "provider", "reason"],
            )?,
            limits: made.counters(
                "tollgate_limit_hits_total",
                "Requests that a limit refused.",
                &["limit", "unit"],
            )?,
            unpriced: made.counters(
                "tollgate_unpriced_requests_total",
                "Answers with tokens for whose model no price is known.",
                &["route", "provider", "model"],
            )?,
            estimated: made.counters(
                "tollgate_estimated_requests_total",
                "Answers whose usage was not reported.",
                &["route", "provider", "model"],
            )?,
            others: Others::new(&made)?,
            health: made.gauges(
                "tollgate_upstream_state",
                "0 up, 1 being probed, 2 set aside.",
                &["provider", "model"],
            )?,
            gen_ai_duration: made.histograms(
                "gen_ai_client_operation_duration_seconds",
                "OpenTelemetry GenAI: duration of an operation.",
                &GEN_AI,
                &DURATIONS,
            )?,
            gen_ai_tokens: made.histograms(
                "gen_ai_client_token_usage",
                "OpenTelemetry GenAI: tokens of an operation.",
                &[GEN_AI[0], GEN_AI[1], GEN_AI[2], "gen_ai_token_type"],
                &TOKENS,
            )?,
            in_flight: made.gauge("tollgate_requests_in_flight", "Requests under way.")?,
            connections: made.gauge("tollgate_connections", "Open client connections.")?,
            journal_refused: made.counter(
                "tollgate_journal_refused_total",
                "Records that the journal could not take.",
            )?,
            backlog: Backlog::new(&made)?,
            otlp: ExportMetrics::new(&made)?,
            reloads: made.counters(
                "tollgate_config_reloads_total",
                "Reloads of the configuration, by result.",
                &["result"],
            )?,
            config_loaded: made.float(
                "tollgate_config_loaded_timestamp_seconds",
                "When the configuration in force was loaded.",
            )?,
            registry,
        })
    }

    pub fn limit_hit(&self, limit: &str, unit: Unit) {
        self.limits.with_label_values(&[limit, unit.as_str()]).inc();
    }

    /// A failed try and what followed it.
    pub fn followed(
        &self,
        route: &LiveRoute,
        target: &LiveTarget,
        failure: Failure,
        verdict: Verdict,
        has_next: bool,
    ) {
        let labels = [
            route.route.name.as_str(),
            target.provider.config.name.as_str(),
            crate::pipeline::reason(failure),
        ];
        match verdict {
            Verdict::Again { .. } => self.retries.with_label_values(&labels).inc(),
            Verdict::Next | Verdict::NextProvider if has_next => {
                self.fallbacks.with_label_values(&labels).inc();
            }
            _ => {}
        }
    }

    /// A try's end.
    pub fn attempt(&self, exchange: &Exchange, attempt: &Attempt, failure: Option<&str>) {
        let route = exchange.route_name();
        let provider = attempt.target.provider.config.name.as_str();
        let model = label(&attempt.target);
        let of_target = [route, provider, model];
        let outcome = failure.unwrap_or("ok");
        self.attempts
            .with_label_values(&[route, provider, model, outcome])
            .inc();
        if let Some(first) = attempt.first_token {
            self.first_token
                .with_label_values(&of_target)
                .observe(first.as_secs_f64());
        }
        if attempt.number == 1 {
            let overhead = attempt.started.since(exchange.started);
            self.overhead.observe(overhead.as_secs_f64());
        }
        let gen_ai = [
            exchange.endpoint.operation(),
            attempt.target.provider.config.kind.vendor(),
            model,
        ];
        let took = clock::elapsed(attempt.started).as_secs_f64();
        self.gen_ai_duration
            .with_label_values(&gen_ai)
            .observe(took);
    }

    /// What a try used and cost, reported or counted.
    pub fn used(&self, of: &Spender<'_>, usage: Usage, cost: Option<Cost>, unpriced: bool) {
        let (route, principal) = (of.route, &of.key.principal);
        let provider = of.target.provider.config.name.as_str();
        let model = label(of.target);
        let of_target = [route, provider, model];
        let gen_ai = [
            of.endpoint.operation(),
            of.target.provider.config.kind.vendor(),
            model,
        ];
        let (key, team) = (principal.name.as_str(), principal.team.as_str());
        for (bucket, count) in [
            ("input", usage.input),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write + usage.cache_write_1h),
            ("audio_input", usage.audio_input),
            ("output", usage.output),
            ("reasoning", usage.reasoning),
            ("audio_output", usage.audio_output),
        ] {
            if count > 0 {
                let labels = [route, provider, model, key, team, bucket];
                self.tokens.with_label_values(&labels).inc_by(count);
            }
        }
        for (kind, count) in [
            ("input", usage.input_total()),
            ("output", usage.output_total()),
        ] {
            let labels = [gen_ai[0], gen_ai[1], gen_ai[2], kind];
            self.gen_ai_tokens
                .with_label_values(&labels)
                .observe(count as f64);
        }
        if unpriced {
            self.unpriced.with_label_values(&of_target).inc();
        }
        if usage.estimated {
            self.estimated.with_label_values(&of_target).inc();
        }
        if let Some(cost) = cost {
            let nanos = u64::try_from(cost.total().0).unwrap_or(0);
            self.cost
                .with_label_values(&[route, provider, model, key, team])
                .inc_by(nanos);
        }
    }

    /// A request's end.
    pub fn settled(&self, exchange: &Exchange, ending: Ending, status: u16, now: Moment) {
        let route = exchange.route_name();
        let principal = &exchange.key().principal;
        let mut digits = [0u8; 3];
        let status = match ending {
            // A stream that broke had sent its 200 before.
            Ending::Failed if status == 200 => "broken",
            Ending::CutOff => "interrupted",
            _ => status_text(status, &mut digits),
        };
        self.requests
            .with_label_values(&[route, principal.name.as_str(), &principal.team, status])
            .inc();
        self.durations
            .with_label_values(&[route])
            .observe(now.since(exchange.started).as_secs_f64());
    }

    /// The text that Prometheus scrapes.
    pub fn render(&self, breakers: &Breakers) -> Vec<u8> {
        let now = clock::now();
        breakers.for_each(|target, breaker| {
            let state = match breaker.state(now) {
                State::Up => 0,
                State::Probing => 1,
                State::SetAside(_) => 2,
            };
            let labels = [
                target.provider.as_str(),
                target.model.as_deref().unwrap_or("*"),
            ];
            self.health.with_label_values(&labels).set(state);
        });
        self.dollars();
        let mut text = Vec::with_capacity(16 << 10);
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "the metrics could not be written");
        }
        text
    }

    /// Dollars are what people read; they are made from the exact counters and never added up themselves.
    fn dollars(&self) {
        use prometheus::core::Collector;
        for family in self.cost.collect() {
            for metric in family.get_metric() {
                let label = |name: &str| {
                    let pair = metric.get_label().iter().find(|pair| pair.name() == name);
                    pair.map_or("", |pair| pair.value())
                };
                let labels = [
                    label("route"),
                    label("provider"),
                    label("model"),
                    label("key"),
                    label("team"),
                ];
                let dollars = self.cost_usd.with_label_values(&labels);
                let exact = metric.get_counter().get_value() / 1e9;
                dollars.inc_by((exact - dollars.get()).max(0.0));
            }
        }
    }
}

/// A target that passes the caller's model on has one label for all: callers choose no labels.
fn label(target: &LiveTarget) -> &str {
    target.model.as_deref().unwrap_or("*")
}

pub(super) fn status_text(status: u16, digits: &mut [u8; 3]) -> &str {
    let [hundreds, tens, ones] = digits;
    let digit = |value: u16| b'0' + u8::try_from(value % 10).unwrap_or(0);
    *hundreds = digit(status / 100);
    *tens = digit(status / 10);
    *ones = digit(status);
    std::str::from_utf8(digits).unwrap_or("")
}
