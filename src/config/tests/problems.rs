//! Mistakes: all of them at once, each at its place.

use super::{load_in, load_str};
use crate::config::{Problem, render};

fn mistakes(text: &str) -> Vec<Problem> {
    load_str(text).err().unwrap_or_default()
}

/// What is wrong with a text, a line each: `line:column field: message`.
fn check(text: &str, expected: &[&str]) {
    let found = mistakes(text);
    let lines: Vec<String> = found
        .iter()
        .map(|problem| {
            let place = problem.place.unwrap_or_default();
            let (line, column) = (place.line, place.column);
            format!("{line}:{column} {}: {}", problem.field, problem.message)
        })
        .collect();
    assert_eq!(lines, expected, "in\n{text}");
}

/// The least that a whole configuration has, with a line more.
fn whole(more: &str) -> String {
    format!(
        "routes: {{ r: {{ targets: [{{ provider: p }}] }} }}\nproviders: {{ p: {{ kind: openai }} }}\n{more}"
    )
}

#[test]
fn every_mistake_is_reported_at_once_with_its_line() {
    let text = include_str!("bad.yaml");
    let shown = render(&mistakes(text));
    insta::assert_snapshot!(shown);
    assert!(!shown.contains("canary"), "a credential is shown");
}

#[test]
fn a_file_without_routes_is_refused() {
    check("", &["1:1 routes: `routes` is missing"]);
    check("routes:", &["1:1 routes: `routes` is missing"]);
    check("routes: {}", &["1:9 routes: at least one route is needed"]);
    check(
        "- a",
        &[
            "1:1 : expected a mapping with the fields server, store, vault, telemetry, providers, routes, \
                    keys, limits, prices, found a list",
        ],
    );
}

#[test]
fn what_is_no_yaml_has_a_place_and_shows_no_line() {
    for (text, place) in [
        ("routes: [", (1, 9)),
        ("a: b: canary", (1, 5)),
        ("a: 'canary", (1, 4)),
        ("a: 1\n---\nb: 2", (2, 1)),
        ("a: !!str x", (1, 10)),
        ("? [canary]\n: x", (1, 3)),
        ("a: &a [*a]", (1, 8)),
    ] {
        let found = mistakes(text);
        assert_eq!(found.len(), 1, "{text}");
        let at = found[0].place.unwrap();
        assert_eq!((at.line, at.column), place, "{text}: {}", found[0].message);
        assert!(!render(&found).contains("canary"), "{text}");
    }
}

#[test]
fn sections_say_what_they_expect() {
    check(
        &whole("server: { listen: 4000 }"),
        &[
            "3:19 server.listen: expected an address and a port such as `127.0.0.1:4000` or `[::1]:4000`, found `4000`",
        ],
    );
    check(
        &whole("server: []"),
        &[
            "3:9 server: expected a mapping with the fields listen, tls, allowed_hosts, max_body, max_head, drain, \
         header_timeout, body_timeout, idle_timeout, max_connections, workers, found a list",
        ],
    );
    check(
        &whole("server: { allowed_hosts: [\"http://x\"], workers: 0, max_head: 1KiB }"),
        &[
            "3:27 server.allowed_hosts[0]: expected a host's name such as `gateway.example.com`, without scheme or path",
            "3:49 server.workers: expected a whole number above 0, found `0`",
            "3:62 server.max_head: must be between 4KiB and 1MiB",
        ],
    );
    check(
        &whole(
            "prices: { p/m: { input_usd_per_million: -1 }, p/*x: { output_usd_per_million: free } }",
        ),
        &[
            "3:41 prices.\"p/m\".input_usd_per_million: expected dollars a million tokens such as `0.25`, found `-1`: \
         a price can't be negative",
            "3:47 prices.\"p/*x\": `*` is allowed at a model's end only",
            "3:79 prices.\"p/*x\".output_usd_per_million: expected dollars per million tokens as a decimal number, as in `0.05`, found `free`",
        ],
    );
    check(
        &whole(
            "prices: { p/m: { input_usd_per_million: 1, tiers: [{ above_input_tokens: 2 }, { above_input_tokens: 1 }] } }",
        ),
        &["3:101 prices.\"p/m\".tiers[1].above_input_tokens: tiers come by rising bounds"],
    );
}

#[test]
fn an_unknown_field_is_not_missing_under_its_right_name_too() {
    check(
        "rotues: {}",
        &["1:1 rotues: unknown field (did you mean `routes`?)"],
    );
    check(
        "foo: {}\nroutes: { r: { targets: [{ provider: p }] } }\nproviders: { p: { kind: openai } }",
        &[
            "1:1 foo: unknown field (known: keys, limits, prices, providers, routes, server, store, telemetry, vault)",
        ],
    );
}

#[test]
fn fallbacks_in_a_circle_are_refused_and_long_chains_too() {
    let text = "
providers: { p: { kind: openai } }
routes:
  a: { targets: [{ provider: p }], fallbacks: [b] }
  b: { targets: [{ provider: p }], fallbacks: [c, { provider: q }] }
  c: { targets: [{ provider: p }], fallbacks: [a, c] }
";
    check(
        text,
        &[
            "5:63 routes.b.fallbacks[1].provider: no provider named `q` (did you mean `p`?)",
            "6:48 routes.c.fallbacks[0]: falls back in a circle: a → b → c → a",
            "6:51 routes.c.fallbacks[1]: falls back in a circle: c → c",
        ],
    );
    let chain: String = (0..20)
        .map(|n| {
            format!(
                "  r{n:02}: {{ targets: [{{ provider: p }}], fallbacks: [r{:02}] }}\n",
                n + 1
            )
        })
        .collect();
    let text = format!(
        "providers: {{ p: {{ kind: openai }} }}\nroutes:\n{chain}  r20: {{ targets: [{{ provider: p }}] }}"
    );
    check(
        &text,
        &["18:50 routes.r15.fallbacks[0]: more than 16 routes fall back one to the next"],
    );
}

#[test]
fn references_name_their_place_and_never_their_value() {
    let provider = |field: &str| {
        format!(
            "routes: {{ r: {{ targets: [{{ provider: p }}] }} }}\nproviders: {{ p: {{ kind: openai, {field} }} }}"
        )
    };
    check(
        &provider("organization: ${NAME}"),
        &["2:47 providers.p.organization: unknown reference (did you mean `${env:NAME}`?)"],
    );
    check(
        &provider("organization: \"${env:NAME\""),
        &[
            "2:47 providers.p.organization: a reference `${` without its `}`; a dollar sign alone is `$$`",
        ],
    );
    check(
        &provider("organization: \"${secret:canary}\""),
        &[
            "2:47 providers.p.organization: unknown reference: expected `${env:NAME}`, `${env:NAME:-default}`, \
         `${file:PATH}` or `${vault:NAME}`; a dollar sign alone is `$$`",
        ],
    );
    check(
        &provider("api_key: ${file:nowhere}"),
        &[
            "2:42 providers.p.api_key: cannot read the file `nowhere`: No such file or directory (os error 2)",
        ],
    );
    check(
        &provider("http2: ${env:LEGACY_KEY}"),
        &[
            "2:40 providers.p.http2: expected one of auto, never, always, found what `${env:LEGACY_KEY}` stands for",
        ],
    );
    check(
        &provider("api_key: \"a b\""),
        &[
            "2:42 providers.p.api_key: expected a credential of visible ASCII characters without spaces",
        ],
    );
    check(
        &provider("api_key: \"a\\nb\""),
        &[
            "2:42 providers.p.api_key: expected a credential, but it contains a line break or another control character",
        ],
    );
}

#[test]
fn a_file_too_large_for_a_reference_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    let text = "providers: { p: { kind: openai, api_key: ${file:large} } }\nroutes: { r: { targets: [{ provider: p }] } }";
    let found = load_in(folder.path(), text).err().unwrap();
    assert_eq!(found[0].message, "the file `large` is larger than 1 MiB");
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..8 {
        let before = n - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{items}]\n"));
    }
    let found = mistakes(&text);
    assert_eq!(
        found[0].message,
        "too large, aliases counted as often as used"
    );
    let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(mistakes(&deep)[0].message, "nested too deeply");
}

#[test]
fn tags_of_keys_are_bounded() {
    check(
        &whole("keys: { k: { key: x, tags: { mlflow.user: a, fine: b } } }"),
        &[
            "3:30 keys.k.tags.\"mlflow.user\": names that begin with `mlflow.` or `tollgate.` are taken",
        ],
    );
}

#[test]
fn a_file_that_is_not_utf8_is_refused_where_it_ceases_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tollgate.yaml");
    std::fs::write(&path, b"server: {}\nroutes: { \xc3\xa4: canary\xff }").unwrap();
    let sources = crate::config::Sources {
        environment: &|_| None,
        secrets: &crate::config::NoVault,
        simulated: None,
    };
    let found = crate::config::load(&crate::config::Origin::File(path), &sources).err();
    let shown = render(&found.unwrap());
    assert!(shown.contains(":2:20: not UTF-8"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
}
