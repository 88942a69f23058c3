//! The price table that is committed.

use std::sync::LazyLock;
use tollgate_domain::{PicoUsd, Usage};
use tollgate_governance::pricing::{ModelPrice, Override, PriceTable, Prices, Tier, Trait, price};

static TABLE: LazyLock<PriceTable> =
    LazyLock::new(|| PriceTable::parse(include_str!("../../../config/prices.json")).unwrap());

/// A price of the vendor's own.
fn of(vendor: &str, model: &str) -> &'static ModelPrice {
    let found = TABLE.lookup("", vendor, model);
    found.unwrap_or_else(|| panic!("no price for {vendor}/{model}"))
}

fn pico(price: i64) -> Option<PicoUsd> {
    Some(PicoUsd(price))
}

#[test]
fn the_table_is_whole_and_says_where_it_comes_from() {
    assert!(TABLE.len() >= 300, "{}", TABLE.len());
    assert!(TABLE.date() >= "2026-11-24");
    let sources: Vec<_> = TABLE
        .sources()
        .iter()
        .map(|s| (s.name.as_str(), s.licence.as_str()))
        .collect();
    assert_eq!(sources, [("genai-prices", "MIT"), ("litellm", "MIT")]);
    for vendor in [
        "openai",
        "anthropic",
        "google",
        "aws",
        "azure",
        "mistral",
        "cohere",
        "groq",
        "deepseek",
        "xai",
    ] {
        let hosts = format!("\"vendor\":\"{vendor}\"");
        assert!(
            include_str!("../../../config/prices.json").contains(&hosts),
            "{vendor}"
        );
    }
}

#[test]
fn known_prices_are_right() {
    let check = |vendor: &str, model: &str, prices: [i64; 3]| {
        let rates = of(vendor, model).base();
        assert_eq!(
            [rates.input, rates.cache_read, rates.output],
            prices.map(pico),
            "{vendor}/{model}"
        );
    };
    check("openai", "gpt-5", [1_250_000, 125_000, 10_000_000]);
    check("openai", "gpt-4o", [2_500_000, 1_250_000, 10_000_000]);
    check("openai", "gpt-4o-mini", [150_000, 75_000, 600_000]);
    check("openai", "gpt-5-nano", [50_000, 5_000, 400_000]);
    check(
        "anthropic",
        "claude-sonnet-4-5",
        [3_000_000, 300_000, 15_000_000],
    );
    check(
        "anthropic",
        "claude-opus-5-5",
        [4_000_000, 200_000, 20_000_000],
    );
    check("google", "gemini-2.5-pro", [1_250_000, 125_000, 10_000_000]);
    check(
        "groq",
        "llama-3.3-70b-versatile",
        [590_000, 590_000, 790_000],
    );
    let sonnet = of("anthropic", "claude-sonnet-4-5").base();
    assert_eq!(
        (sonnet.cache_write, sonnet.cache_write_1h),
        (pico(3_750_000), pico(6_000_000))
    );
    let service = |vendor, model, service| of(vendor, model).rates_of(Some(service), 1);
    for (name, input, output) in [
        ("flex", 625_000, 5_000_000),
        ("priority", 2_500_000, 20_000_000),
        ("default", 1_250_000, 10_000_000),
    ] {
        let rates = service("openai", "gpt-5", name);
        assert_eq!(
            (rates.input, rates.output),
            (pico(input), pico(output)),
            "{name}"
        );
    }
    let fast = service("anthropic", "claude-fable-5-2", "fast");
    assert_eq!(
        (fast.input, fast.output),
        (pico(16_000_000), pico(80_000_000))
    );
    let embedding = of("openai", "text-embedding-3-small").base();
    assert_eq!((embedding.input, embedding.output), (pico(20_000), None));
}

#[test]
fn bounds_and_traits_come_along() {
    let opus = of("anthropic", "claude-opus-5-5");
    assert_eq!(
        (opus.max_output, opus.max_input),
        (Some(128_000), Some(1_000_000))
    );
    assert!(opus.traits.holds(Trait::NoSampling) && opus.traits.holds(Trait::AlwaysThinks));
    assert!(
        !of("anthropic", "claude-sonnet-4-5")
            .traits
            .holds(Trait::NoSampling)
    );
    assert_eq!(
        TABLE.max_output("claude", "anthropic", "claude-haiku-4-5-20251001"),
        Some(64_000)
    );
}

#[test]
fn long_prompts_pay_the_tier() {
    let usage = |input| Usage {
        input,
        output: 1_000,
        ..Usage::default()
    };
    let cost = |input| price(&usage(input), of("anthropic", "claude-sonnet-4-5")).unwrap();
    assert_eq!(
        (cost(200_000).input.0, cost(200_000).output.0),
        (600_000_000, 15_000_000)
    );
    assert_eq!(
        (cost(200_001).input.0, cost(200_001).output.0),
        (1_200_006_000, 22_500_000)
    );
}

#[test]
fn names_are_found_with_dates_patterns_and_in_any_case() {
    for (vendor, name, model) in [
        ("openai", "gpt-5-2025-08-07", "gpt-5"),
        ("openai", "GPT-5", "gpt-5"),
        ("openai", "gpt-5.6-luna-2026-07-01", "gpt-5.6-luna"),
        (
            "anthropic",
            "claude-sonnet-4-5-20250929",
            "claude-sonnet-4-5",
        ),
        ("anthropic", "claude-opus-5-latest", "claude-opus-5"),
        ("aws", "us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("azure", "gpt-5", "gpt-5"),
    ] {
        assert_eq!(of(vendor, name), of(vendor, model), "{name}");
    }
    // A snapshot with a price of its own is not its model.
    assert_ne!(of("openai", "gpt-4o-2024-05-13"), of("openai", "gpt-4o"));
    for unknown in ["gpt-5000", "gpt-9", "", "llama3.3:70b", "claude"] {
        assert_eq!(TABLE.lookup("", "openai", unknown), None, "{unknown}");
    }
}

#[test]
fn a_providers_name_or_host_says_the_vendor() {
    assert_eq!(TABLE.vendor_of_host("api.groq.com"), Some("groq"));
    assert_eq!(
        TABLE.vendor_of_host("bedrock-runtime.eu-west-1.amazonaws.com"),
        Some("aws")
    );
    assert_eq!(TABLE.vendor_of_host("acme.openai.azure.com"), Some("azure"));
    assert_eq!(TABLE.vendor_of_host("127.0.0.1"), None);
    assert_eq!(TABLE.vendor_of_host("api.openai.com.evil.example"), None);
    let by_name = TABLE.lookup("groq", "openai", "llama-3.3-70b-versatile");
    assert_eq!(
        by_name,
        TABLE.lookup("fast", "groq", "llama-3.3-70b-versatile")
    );
    assert!(by_name.is_some());
}

#[test]
fn an_override_goes_before_the_table_and_leaves_the_rest() {
    let given = |provider: &str, model: &str, input: i64| Override {
        provider: provider.to_owned(),
        model: model.to_owned(),
        prices: Prices {
            input: pico(input),
            output: pico(input),
            ..Prices::default()
        },
        tiers: vec![Tier {
            above_input_tokens: 10,
            prices: Prices {
                input: pico(2 * input),
                ..Prices::default()
            },
        }],
        max_output: None,
    };
    let table = TABLE.with_overrides(&[
        given("local", "qwen3*", 1),
        given("openai", "gpt-5", 2),
        given("ours", "gpt-5", 3),
        given("openai", "gpt-5", 4),
    ]);
    let input = |provider: &str, model: &str| {
        let found = table.lookup(provider, "openai", model)?;
        found.base().input.map(|price| price.0)
    };
    assert_eq!(input("local", "Qwen3-32B"), Some(1));
    assert_eq!(input("local", "gpt-5"), Some(4));
    assert_eq!(input("ours", "gpt-5"), Some(3));
    assert_eq!(input("ours", "gpt-4o"), Some(2_500_000));
    assert_eq!(input("ours", "qwen3-32b"), None);
    // What an override does not say about bounds the table does.
    assert_eq!(table.max_output("openai", "openai", "gpt-5"), Some(128_000));
    let long = table.lookup("ours", "openai", "gpt-5").unwrap().rates(11);
    assert_eq!(
        (long.input, long.output, long.cache_read),
        (pico(6), pico(3), pico(6))
    );
}

#[test]
fn a_table_that_cannot_be_true_is_refused() {
    let row = |fields: &str| {
        format!(
            r#"{{"format":1,"date":"","notice":"","sources":[{{"name":"","version":"","licence":"","url":""}}],
                "vendors":[{{"vendor":"v","models":[{fields}]}}]}}"#
        )
    };
    let check = |fields: &str, why: &str| {
        let error = PriceTable::parse(&row(fields)).unwrap_err().to_string();
        assert!(error.contains(why), "{fields}: {error}");
    };
    check(
        r#"{"model":"m","prices":{"input":-1}}"#,
        "v/m: a price is negative",
    );
    check(
        r#"{"model":"m","prices":{"input":10000000001}}"#,
        "v/m: a price is negative, or above",
    );
    check(
        r#"{"model":"m","prices":{"input":1},"tiers":[{"above":1,"prices":{"output":-1}}]}"#,
        "negative",
    );
    check(
        r#"{"model":"m","prices":{"cache_read":1}}"#,
        "neither an input nor an output",
    );
    check(
        r#"{"model":"m","prices":{"input":1},"source":1}"#,
        "no such source",
    );
    check(
        r#"{"model":"m","also":["M"],"prices":{"input":1}}"#,
        "the name is there twice",
    );
    check(r#"{"model":"m","prices":{"input":0.5}}"#, "can't be read");
    check(
        r#"{"model":"m","prices":{"input_per_million":1}}"#,
        "unknown field",
    );
    let other = row("").replace("\"format\":1", "\"format\":2");
    assert!(
        PriceTable::parse(&other)
            .unwrap_err()
            .to_string()
            .contains("format 2")
    );
    let fallback = row("").replace("\"models\"", "\"fallbacks\":[\"w\"],\"models\"");
    assert!(
        PriceTable::parse(&fallback)
            .unwrap_err()
            .to_string()
            .contains("no vendor `w`")
    );
}
