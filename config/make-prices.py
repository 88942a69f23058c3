#!/usr/bin/env python3
"""Makes config/prices.json and config/PRICES.md from two published sets of prices.

    python3 -m venv venv
    venv/bin/pip install genai-prices==0.2.3
    venv/bin/pip install --no-deps litellm==1.106.2
    venv/bin/python config/make-prices.py --date 2026-11-24

Prices and the matching of names come from genai-prices (Pydantic); bounds and traits of models, and models that it
does not have, from the JSON in the litellm package, of which nothing else is read. Where both price a model and differ
by more than 1 %, PRICES.md lists it; genai-prices counts.

All arithmetic is Decimal; prices leave as whole pico-dollars (1e-12 USD) a token.
"""

import argparse
import datetime
import importlib.metadata
import json
import pathlib
import re
from decimal import Decimal

from genai_prices.data import providers

from prices_genai import base_of, genai_row, pico, prices_on, services_of
from prices_names import look_up, names_of_vendor
from prices_report import Report, write_report

HERE = pathlib.Path(__file__).resolve().parent

# Vendor in our table: (provider in genai-prices, litellm's providers, prefixes of its names, hosts).
# In a host one `*` stands for any text.
VENDORS = {
    "openai": ("openai", ["openai", "text-completion-openai"], [""], ["api.openai.com", "*.api.openai.com"]),
    "anthropic": ("anthropic", ["anthropic"], [""], ["api.anthropic.com"]),
    "google": (
        "google",
        ["gemini", "vertex_ai-language-models", "vertex_ai-anthropic_models", "vertex_ai-embedding-models"],
        ["gemini/", "vertex_ai/", ""],
        ["generativelanguage.googleapis.com", "*aiplatform.googleapis.com"],
    ),
    "aws": ("aws", ["bedrock", "bedrock_converse"], [""], ["bedrock-runtime.*.amazonaws.com", "bedrock-mantle.*.api.aws"]),
    "azure": (
        "azure",
        ["azure", "azure_ai"],
        ["azure/", "azure_ai/"],
        ["*.openai.azure.com", "*.services.ai.azure.com", "*.cognitiveservices.azure.com"],
    ),
    "mistral": ("mistral", ["mistral"], ["mistral/"], ["api.mistral.ai"]),
    "cohere": ("cohere", ["cohere", "cohere_chat"], ["cohere/", ""], ["api.cohere.com", "api.cohere.ai"]),
    "groq": ("groq", ["groq"], ["groq/"], ["api.groq.com"]),
    "deepseek": ("deepseek", ["deepseek"], ["deepseek/", ""], ["api.deepseek.com"]),
    "xai": ("x-ai", ["xai"], ["xai/"], ["api.x.ai", "*.api.x.ai"]),
    "openrouter": ("openrouter", ["openrouter"], ["openrouter/"], ["openrouter.ai"]),
    "together": ("together", ["together_ai"], ["together_ai/"], ["api.together.xyz", "api.together.ai"]),
    "fireworks": ("fireworks", ["fireworks_ai"], ["fireworks_ai/"], ["api.fireworks.ai"]),
    "cerebras": ("cerebras", ["cerebras"], ["cerebras/"], ["api.cerebras.ai"]),
    "perplexity": ("perplexity", ["perplexity"], ["perplexity/"], ["api.perplexity.ai"]),
    "moonshot": ("moonshotai", ["moonshot"], ["moonshot/"], ["api.moonshot.ai", "api.moonshot.cn"]),
    "voyage": ("voyageai", ["voyage"], ["voyage/"], ["api.voyageai.com"]),
    "zai": ("zai", ["zai"], ["zai/"], ["api.z.ai"]),
    "minimax": ("minimax", ["minimax"], ["minimax/"], ["api.minimax.io", "api.minimax.chat"]),
}

# Who sells other vendors' models under their names and at their prices.
FALLBACKS = {"azure": ["openai", "anthropic", "deepseek", "xai", "moonshot"]}

LITELLM_BUCKETS = {
    "input": "input_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "audio_input": "input_cost_per_audio_token",
    "output": "output_cost_per_token",
    "reasoning": "output_cost_per_reasoning_token",
    "audio_output": "output_cost_per_audio_token",
}

MODES = {"chat", "completion", "responses", "embedding"}

IMAGES = "images in its answers have a price of their own, which usage does not tell apart"

MAX_PICO = 10_000 * 1_000_000  # $10,000 per million tokens

MIT = (
    'Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated '
    'documentation files (the "Software"), to deal in the Software without restriction, including without limitation '
    'the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and '
    'to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above '
    'copyright notice and this permission notice shall be included in all copies or substantial portions of the '
    'Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT '
    'LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT '
    'SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION '
    'OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER '
    'DEALINGS IN THE SOFTWARE.'
)


def copyright_of(package):
    """The copyright line of an installed package's licence file."""
    for file in importlib.metadata.files(package) or []:
        if file.name == "LICENSE":
            for line in file.read_text().splitlines():
                if line.startswith("Copyright"):
                    return line.strip()
    raise SystemExit(f"{package}: no licence file with a copyright line")


# --- litellm --------------------------------------------------------------------------------------------------------


def read_litellm():
    distribution = importlib.metadata.distribution("litellm")
    path = distribution.locate_file("litellm/model_prices_and_context_window_backup.json")
    return json.loads(pathlib.Path(path).read_text(), parse_float=Decimal)


def litellm_of_vendor(entries, vendor):
    """{name as the vendor's API knows it: entry}."""
    _, litellm_providers, prefixes, _ = VENDORS[vendor]
    found = {}
    for name, entry in entries.items():
        if entry.get("litellm_provider") not in litellm_providers:
            continue
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
        if prefix is None:
            continue
        bare = name[len(prefix) :].lower()
        # `azure/eu/gpt-4o`, `bedrock/us-west-2/…`: regional price lists, no names that an API takes.
        if vendor in ("azure", "aws", "google") and "/" in bare:
            continue
        found.setdefault(bare, entry)
    return found


def litellm_row(entry, where, report):
    base, tiers = {}, {}
    for bucket, key in LITELLM_BUCKETS.items():
        if isinstance(price := entry.get(key), (Decimal, int)):
            base[bucket] = pico(Decimal(price), 1, where, report)
        for other, price in entry.items():
            above = re.fullmatch(re.escape(key) + r"_above_(\d+)k_tokens", other)
            if above and isinstance(price, (Decimal, int)):
                tiers.setdefault(int(above[1]) * 1000, {})[bucket] = pico(Decimal(price), 1, where, report)
    return base, tiers


def facts_of(entry):
    """Bounds and traits."""
    facts = {}
    for ours, theirs in (("max_output", "max_output_tokens"), ("max_input", "max_input_tokens")):
        if isinstance(value := entry.get(theirs), int) and value > 0:
            facts[ours] = value
    traits = [
        ("no_sampling", entry.get("supports_sampling_params") is False),
        ("adaptive_thinking", entry.get("supports_adaptive_thinking") is True),
        ("always_thinks", entry.get("thinking_always_on") is True),
        ("no_forced_tool", entry.get("supports_forced_tool_use") is False),
    ]
    if held := [trait for trait, is_held in traits if is_held]:
        facts["traits"] = held
    return facts


# --- the table ------------------------------------------------------------------------------------------------------


def compact(row):
    return {key: value for key, value in row.items() if value not in (None, [], {})}


def priced(base, tiers):
    above = [
        {"above": start, "prices": prices}
        for start, prices in sorted(tiers.items())
        if any(base.get(bucket) != price for bucket, price in prices.items())
    ]
    return compact({"prices": base, "tiers": above})


def table_row(name, also, base, tiers, services, facts, source):
    plain = priced(base, tiers)
    others = [{"service": service, **row} for service, row in sorted(services.items()) if row != plain]
    row = {"model": name, "also": also, **plain, "services": others, **facts}
    if source:
        row["source"] = source
    return compact(row)


def is_sane(base, tiers):
    every = [price for prices in [base, *tiers.values()] for price in prices.values()]
    return ("input" in base or "output" in base) and all(0 <= price <= MAX_PICO for price in every)


def compare(vendor, model, ours, theirs, report):
    for bucket in ("input", "cache_read", "cache_write", "cache_write_1h", "output"):
        one, other = ours.get(bucket), theirs.get(bucket)
        if one is None or other is None or abs(one - other) * 100 <= max(one, other):
            continue
        report.differences.append((vendor, model, bucket, one, other))


def fill(base, theirs):
    """Buckets that only the second source has, where both agree on the plain prices."""
    if all(base.get(bucket) == theirs.get(bucket) for bucket in ("input", "output")):
        return {**theirs, **base}
    return base


def vendor_rows(vendor, entries, date, report):
    provider = next(p for p in providers if p.id == VENDORS[vendor][0])
    litellm = litellm_of_vendor(entries, vendor)
    rows, names, prefixes = names_of_vendor(provider, litellm)
    table = []
    for model in provider.models:
        own = rows.get(model.id, [])
        where = f"{vendor}/{model.id}"
        prices = prices_on(model, date, vendor, report)
        if base_of(prices.output_image_mtok) not in (None, base_of(prices.output_mtok)):
            report.left_out.append((where, IMAGES))
            continue
        base, tiers = genai_row(prices, where, report)
        if not own:
            report.left_out.append((where, "every name of it leads to another model"))
            continue
        if not is_sane(base, tiers):
            report.left_out.append((where, "no price by tokens"))
            continue
        same = [name for name in litellm if look_up(names, prefixes, name) == model.id]
        first = next((name for name in [model.id.lower(), *own, *sorted(same)] if name in litellm), None)
        facts = facts_of(litellm[first]) if first else {}
        if model.context_window:
            facts.setdefault("max_input", model.context_window)
        if first in [model.id.lower(), *own]:
            theirs, _ = litellm_row(litellm[first], where, report)
            compare(vendor, model.id, base, theirs, report)
            base = fill(base, theirs)
        services = {}
        for service, prices_there in services_of(model, prices, date).items():
            there, tiers_there = genai_row(prices_there, where, report)
            if is_sane(there, tiers_there):
                services[service] = priced({**base, **there}, tiers_there)
        name = model.id.lower() if model.id.lower() in own else next((n for n in own if not n.endswith("*")), own[0])
        table.append(table_row(name, [other for other in own if other != name], base, tiers, services, facts, 0))
    for name, entry in sorted(litellm.items()):
        if look_up(names, prefixes, name) is not None or entry.get("mode") not in MODES:
            continue
        where = f"{vendor}/{name}"
        base, tiers = litellm_row(entry, where, report)
        if entry.get("output_cost_per_image_token") not in (None, entry.get("output_cost_per_token")):
            report.left_out.append((where, IMAGES))
            continue
        if "tiered_pricing" in entry or not is_sane(base, tiers) or not any(base.values()):
            continue
        if "output" in base and not base["output"] and entry["mode"] == "embedding":
            del base["output"]
        table.append(table_row(name, [], base, tiers, {}, facts_of(entry), 1))
    return table


def index_of(rows):
    """(names, prefixes) of finished rows."""
    names, prefixes = {}, {}
    for row in rows:
        for name in [row["model"], *row.get("also", [])]:
            into, key = (prefixes, name[:-1]) if name.endswith("*") else (names, name)
            assert key not in into, name
            into[key] = row
    return names, prefixes


def without_repeats(vendor, tables):
    """The rows that do not only say again what the vendor falls back to."""

    def is_repeat(row):
        for other in FALLBACKS[vendor]:
            found = look_up(*index_of(tables[other]), row["model"])
            if found:
                return all(row.get(field) == found.get(field) for field in ("prices", "tiers"))
        return False

    return [row for row in tables[vendor] if row.get("source") != 1 or not is_repeat(row)]


def check_left_out(tables, report):
    """What was left out must not be found under another model's beginning."""
    for where, _ in report.left_out:
        vendor, name = where.split("/", 1)
        for place in [vendor, *FALLBACKS.get(vendor, [])]:
            found = look_up(*index_of(tables[place]), name.lower())
            if found:
                print(f"note: {where}, left out, is priced as {place}/{found['model']}")


def make(date, report):
    entries = read_litellm()
    versions = {name: importlib.metadata.version(name) for name in ("genai-prices", "litellm")}
    tables = {}
    for vendor in VENDORS:
        tables[vendor] = sorted(vendor_rows(vendor, entries, date, report), key=lambda row: row["model"])
    for vendor in FALLBACKS:
        tables[vendor] = without_repeats(vendor, tables)
    check_left_out(tables, report)
    vendors = [
        compact({"vendor": vendor, "hosts": hosts, "fallbacks": FALLBACKS.get(vendor), "models": tables[vendor]})
        for vendor, (_, _, _, hosts) in VENDORS.items()
    ]
    return {
        "format": 1,
        "date": date.isoformat(),
        "sources": [
            {
                "name": "genai-prices",
                "version": versions["genai-prices"],
                "licence": "MIT",
                "url": "https://github.com/pydantic/genai-prices",
            },
            {
                "name": "litellm",
                "version": versions["litellm"],
                "licence": "MIT",
                "url": "https://github.com/BerriAI/litellm",
            },
        ],
        "notice": f"Made from data of genai-prices ({copyright_of('genai-prices')}) and of LiteLLM "
        f"({copyright_of('litellm')}; the part outside its enterprise folder), both under the MIT licence: {MIT}",
        "vendors": vendors,
    }


def write_table(table, path):
    """One line a model, so that a change of price is a change of a line."""

    def line(value):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    head = [f"{line(key)}: {line(value)}," for key, value in table.items() if key != "vendors"]
    blocks = []
    for vendor in table["vendors"]:
        fields = ",".join(f"{line(key)}:{line(value)}" for key, value in vendor.items() if key != "models")
        models = ",\n".join(line(row) for row in vendor["models"])
        blocks.append(f'{{{fields},"models":[\n{models}\n]}}')
    path.write_text("{\n" + "\n".join(head) + '\n"vendors": [\n' + ",\n".join(blocks) + "\n]\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--date", type=datetime.date.fromisoformat, required=True, help="the day whose prices to take")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE)
    args = parser.parse_args()
    report = Report()
    table = make(args.date, report)
    write_table(table, args.folder / "prices.json")
    licences = {name: copyright_of(name) for name in ("genai-prices", "litellm")}
    write_report(table, report, licences, args.folder / "PRICES.md")
    total = sum(len(vendor["models"]) for vendor in table["vendors"])
    print(f"{total} models of {len(table['vendors'])} vendors, {len(report.differences)} differences")


if __name__ == "__main__":
    main()
