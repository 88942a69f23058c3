//! Configurations that are right, and what becomes of them.

use super::{environment, load_in, load_str};
use crate::config::{
    Capture, Fallback, Http2, JournalSync, Origin, Snapshot, Sources, limits_from_json,
    limits_to_json, load, peek, render, schema_text,
};
use std::path::Path;
use std::time::Duration;
use tollgate_domain::PicoUsd;
use tollgate_governance::limit::{Limit, Per, Rate};
use tollgate_governance::principal::Scope;
use tollgate_governance::strategy::Strategy;

fn good(text: &str) -> Snapshot {
    load_str(text).unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

/// The example of the documentation's design page.
const DESIGN: &str = r#"
server: { listen: 127.0.0.1:4000 }
store:  { url: sqlite://tollgate.db, journal: ./journal, sync: group, journal_max: 10GiB }
providers:
  openai:    { kind: openai,    api_key: ${env:OPENAI_API_KEY} }
  claude:    { kind: anthropic, api_key: ${vault:anthropic-prod} }
  local:     { kind: openai, base_url: http://127.0.0.1:8000/v1 }
routes:
  chat:
    strategy: weighted
    targets:
      - { provider: openai, model: gpt-5, weight: 90 }
      - { provider: claude, model: claude-sonnet-4-5, weight: 10 }
    fallbacks: [local-chat]
    retry:   { attempts: 2, on: [429, 5xx, connect, first_token_timeout] }
    timeout: { connect: 2s, first_token: 20s, idle: 30s, total: 10m }
    limits:  [{ per: key, requests: 600/min, tokens: 200k/min, concurrent: 50 }]
  local-chat: { targets: [{ provider: local, model: qwen3 }] }
keys:
  search-team: { hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", routes: [chat], limits: [{ requests: 60/min }], tags: { team: search } }
  legacy-app:  { key: "${env:LEGACY_KEY}", routes: [chat] }   # a key brought along from another gateway keeps its form
prices:
  local/qwen3: { input_usd_per_million: 0.05, cached_input_usd_per_million: 0.01, output_usd_per_million: 0.20 }
"#;

#[test]
fn the_design_page_is_read_to_the_letter() {
    let snapshot = good(DESIGN);
    assert!(snapshot.server.is_loopback());
    assert_eq!(snapshot.store.path, Path::new("tollgate.db"));
    assert_eq!(snapshot.store.journal, Path::new("./journal"));
    assert_eq!(snapshot.store.sync, JournalSync::Group);
    assert_eq!(snapshot.store.journal_max, 10 << 30);
    let key = |name| {
        snapshot
            .provider(name)
            .unwrap()
            .api_key
            .as_ref()
            .map(|key| key.expose())
    };
    assert_eq!(key("openai"), Some("canary-openai"));
    assert_eq!(key("claude"), Some("canary-vault"));
    assert_eq!(key("local"), None);
    let chat = snapshot.routes.lookup("chat").unwrap();
    assert_eq!(chat.strategy, Strategy::Weighted);
    let weights: Vec<_> = chat
        .targets
        .iter()
        .map(|t| (t.model.as_deref(), t.weight))
        .collect();
    assert_eq!(
        weights,
        [(Some("gpt-5"), 90), (Some("claude-sonnet-4-5"), 10)]
    );
    assert!(
        matches!(&chat.fallbacks[..], [Fallback::Route { route, .. }] if route.name.as_str() == "local-chat")
    );
    assert!(chat.retry.on.status(429) && chat.retry.on.status(529) && chat.retry.on.connect);
    assert!(!chat.retry.on.status(408) && !chat.retry.on.broken);
    assert_eq!(chat.timeout.connect, Duration::from_secs(2));
    assert_eq!(
        chat.limits,
        [Limit {
            per: Per::Key,
            requests: Some(Rate::per_minute(600)),
            tokens: Some(Rate::per_minute(200_000)),
            concurrent: Some(50),
        }]
    );
    let [team, legacy] = &snapshot.keys[..] else {
        panic!()
    };
    assert_eq!(
        (team.principal.team.as_str(), team.hash),
        ("search", crate::config::hash_key("test"))
    );
    assert_eq!(legacy.hash, crate::config::hash_key("canary-legacy"));
    let team = &team.principal;
    assert!(team.may_use("chat", "chat") && !team.may_use("local-chat", "local-chat"));
    assert_eq!(snapshot.prices[0].prices.cache_read, Some(PicoUsd(10_000)));
}

#[test]
fn what_is_left_out_has_the_stated_defaults() {
    let snapshot = good(
        "providers: { p: { kind: anthropic } }\nroutes: { r: { targets: [{ provider: p }] } }",
    );
    assert_eq!(snapshot.server.listen.to_string(), "127.0.0.1:4000");
    assert_eq!(
        (snapshot.server.max_body, snapshot.server.max_head),
        (32 << 20, 32 << 10)
    );
    assert_eq!(snapshot.store.path, Path::new("data/tollgate.db"));
    assert_eq!(snapshot.store.journal, Path::new("data/journal"));
    let provider = snapshot.provider("p").unwrap();
    assert_eq!(provider.base.authority(), "api.anthropic.com");
    assert!(provider.stream_usage && provider.proxy.is_none() && provider.http2 == Http2::Auto);
    let route = snapshot.routes.lookup("r").unwrap();
    assert_eq!(
        (route.targets[0].model.as_deref(), route.targets[0].weight),
        (None, 1)
    );
    assert_eq!(
        (route.capture, route.experiment.as_str()),
        (Capture::Full, "0")
    );
    assert_eq!(route.retry.attempts, 2);
    for status in [408, 409, 429, 500, 503, 529] {
        assert!(route.retry.on.status(status), "{status}");
    }
    assert!(!route.retry.on.status(400));
    let timeouts = [
        route.timeout.connect,
        route.timeout.first_token,
        route.timeout.idle,
        route.timeout.total,
    ];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [5, 60, 60, 600]);
}

#[test]
fn the_example_and_the_embedded_default_are_right() {
    let sources = Sources {
        environment: &|_| None,
        secrets: &crate::config::NoVault,
        simulated: Some("127.0.0.1:4321".parse().unwrap()),
    };
    let embedded = load(&Origin::Embedded, &sources).unwrap_or_else(|p| panic!("{}", render(&p)));
    assert!(embedded.server.is_loopback() && embedded.uses_simulated());
    assert_eq!(embedded.routes.len(), 2);
    for name in ["sim-openai", "sim-anthropic"] {
        let route = embedded.routes.lookup(name).unwrap();
        assert_eq!(route.targets[0].provider.base.authority(), "127.0.0.1:4321");
    }
    assert_eq!(embedded.prices.len(), 2);
    let example = include_str!("../../../config/example.yaml");
    let example = super::super::load::load_text(&Origin::Embedded, example, &sources);
    example.unwrap_or_else(|p| panic!("{}", render(&p)));
}

/// Editors refuse by the schema what `check` refuses for more than a field's type, as far as it can be said there.
#[test]
fn the_schema_says_what_fields_need_beside_their_types() {
    let schema: serde_json::Value = serde_json::from_str(&schema_text()).unwrap();
    for (place, expected) in [
        ("/properties/routes/minProperties", serde_json::json!(1)),
        ("/$defs/RouteSection/properties/targets/minItems", 1.into()),
        ("/$defs/RetrySection/properties/attempts/minimum", 1.into()),
        ("/$defs/RetrySection/properties/attempts/maximum", 10.into()),
        (
            "/$defs/LimitSection/properties/concurrent/minimum",
            1.into(),
        ),
        ("/$defs/LimitSection/anyOf/1/required/0", "tokens".into()),
        ("/$defs/KeySection/oneOf/1/required/0", "hash".into()),
        (
            "/$defs/PriceSection/anyOf/0/required/0",
            "input_usd_per_million".into(),
        ),
    ] {
        assert_eq!(schema.pointer(place), Some(&expected), "{place}");
    }
}

#[test]
fn the_committed_schema_is_current() {
    let committed = include_str!("../../../config/schema.json");
    assert!(
        committed == schema_text(),
        "config/schema.json is old: `tollgate schema > config/schema.json`"
    );
}

#[test]
fn references_are_expanded_anywhere_in_a_string() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "from-file\r\n\n").unwrap();
    let text = "
providers:
  p:
    kind: ${env:KIND:-openai}
    base_url: http://${env:HOST:-x,y}.example/${env:EMPTY:-deep}/v1
    headers: { x-a: 'Token ${file:token}', x-b: pa$$word, x-c: $, x-d: $${env:A}, x-e: \"${vault:anthropic-prod}!\" }
    stream_usage: ${env:NO:-false}
routes: { r: { targets: [{ provider: p, weight: ${env:W:-7} }], timeout: { total: ${env:T:-3s} } } }
"
    .replace("x,y", "x-y");
    let snapshot = load_in(folder.path(), &text).unwrap_or_else(|p| panic!("{}", render(&p)));
    let provider = snapshot.provider("p").unwrap();
    assert_eq!(provider.base.path_prefix, "/deep");
    let values: Vec<&str> = provider
        .headers
        .iter()
        .map(|(_, value)| value.expose())
        .collect();
    assert_eq!(
        values,
        [
            "Token from-file",
            "pa$word",
            "$",
            "${env:A}",
            "canary-vault!"
        ]
    );
    assert!(!provider.stream_usage);
    let route = snapshot.routes.lookup("r").unwrap();
    assert_eq!(
        (route.targets[0].weight, route.timeout.total.as_secs()),
        (7, 3)
    );
    assert_eq!(snapshot.watched, [folder.path().join("token")]);
}

#[test]
fn anchors_and_merge_keys_spare_repetition() {
    let snapshot = good(
        "
providers: { p: { kind: openai } }
routes:
  a: &a { targets: [{ provider: p }], capture: off, experiment: '7' }
  b: { <<: *a, experiment: '8' }
",
    );
    let route = snapshot.routes.lookup("b").unwrap();
    assert_eq!(
        (route.capture, route.experiment.as_str()),
        (Capture::Off, "8")
    );
}

#[test]
fn keys_have_scopes_expiry_and_patterns() {
    let snapshot = good(
        "
providers: { p: { kind: openai } }
routes: { 'gpt-*': { targets: [{ provider: p }], aliases: [fast] } }
keys:
  a: { key: k1, scopes: [read, metrics], expires: 2027-01-31T00:00:00Z, routes: [gpt-5, fast] }
  b: { key: k2, scopes: [admin], expires: 2027-01-31, enabled: false, routes: ['gpt-5*'], owner: o, team: t }
",
    );
    let [a, b] = &snapshot.keys[..] else { panic!() };
    let (a, b) = (&a.principal, &b.principal);
    assert!(a.scopes.holds(Scope::Read) && !a.scopes.holds(Scope::Invoke));
    assert!(b.scopes.holds(Scope::Invoke) && b.scopes.holds(Scope::Admin) && !b.is_enabled);
    assert_eq!(a.expires_unix_ms, Some(1_801_353_600_000));
    assert_eq!(b.expires_unix_ms, a.expires_unix_ms);
    assert!(a.may_use("gpt-*", "gpt-5") && a.may_use("gpt-*", "fast"));
    assert!(!a.may_use("gpt-*", "gpt-5-mini") && b.may_use("gpt-*", "gpt-5-mini"));
    assert_eq!((b.owner.as_str(), b.team.as_str()), ("o", "t"));
}

#[test]
fn the_environments_proxy_is_taken_unless_the_provider_says_otherwise() {
    let environment =
        |name: &str| (name == "HTTPS_PROXY").then(|| "http://env-proxy:3128".to_owned());
    let sources = Sources {
        environment: &environment,
        secrets: &crate::config::NoVault,
        simulated: None,
    };
    let text = "
providers:
  a: { kind: openai }
  b: { kind: openai, proxy: none }
  c: { kind: openai, proxy: 'http://me:word@own:1' }
  d: { kind: openai, base_url: 'http://127.0.0.1:1' }
routes: { r: { targets: [{ provider: a }] } }
";
    let snapshot = super::super::load::load_text(&Origin::Embedded, text, &sources);
    let snapshot = snapshot.unwrap_or_else(|p| panic!("{}", render(&p)));
    let proxies = snapshot
        .providers
        .iter()
        .map(|p| p.proxy.as_ref().map(|proxy| proxy.host.as_str()));
    let proxies: Vec<_> = proxies.collect();
    assert_eq!(proxies, [Some("env-proxy"), None, Some("own"), None]);
}

#[test]
fn the_foundations_are_read_without_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tollgate.yaml");
    std::fs::write(&path, "vault: { key_file: kek }\nproviders: { p: { kind: x, api_key: ${vault:x} } }\nstore: { url: sqlite:///a/b.db }").unwrap();
    let sources = Sources {
        environment: &environment,
        secrets: &crate::config::NoVault,
        simulated: None,
    };
    let basics = peek(&Origin::File(path), &sources).unwrap();
    assert_eq!(basics.vault.key_file, Some(folder.path().join("kek")));
    assert_eq!(basics.store.path, Path::new("/a/b.db"));
    assert_eq!(basics.store.data_folder(), Path::new("/a"));
}

#[test]
fn limits_go_to_the_store_and_back() {
    let json =
        serde_json::json!([{ "requests": "60/min", "concurrent": 5 }, { "tokens": "1k/day" }]);
    let limits = limits_from_json(&json).unwrap();
    assert_eq!(limits[0].concurrent, Some(5));
    assert_eq!(limits_to_json(&limits), json);
    assert!(
        limits_from_json(&serde_json::json!([{ "per": "route", "requests": "60/min" }])).is_err()
    );
}
