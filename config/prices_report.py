"""What a reader of the price table should know: collected while it is made, written to PRICES.md."""

import collections
from decimal import Decimal


class Report:
    """What a reader of the table should know, collected on the way."""

    def __init__(self):
        self.differences = []
        self.upcoming = []
        self.by_hour = []
        self.left_out = []
        self.rounded = []


def usd(price):
    text = f"{Decimal(price) / 10**6:f}"
    return "$" + (text.rstrip("0").rstrip(".") if "." in text else text)


def write_report(table, report, licences, path):
    lines = [
        "# The price table",
        "",
        "Made by `config/make-prices.py`; don't edit it or `prices.json` by hand. Override a price in the configuration",
        "(`prices:`).",
        "",
        f"- Date: {table['date']}",
        *(f"- Source {at}: {s['name']} {s['version']} ({s['licence']}), <{s['url']}>" for at, s in enumerate(table["sources"])),
        "- Unit: whole pico-dollars (1e-12 USD) a token; 1,000,000 is $1 per million tokens.",
        "- Prices are the vendors' list prices for the standard service tier, without discounts, batches or regions' extra.",
        "  `services` has those of other tiers and speeds that an answer may name (`flex`, `priority`, `fast`), as far as the",
        "  first source knows them; a tier that is not there costs as the standard one. An override counts for all of them.",
        "- A bucket without a price costs as its plain kind: cache reads and writes and audio as `input`, an hour's cache as",
        "  the shorter one, reasoning and audio as `output`.",
        "- A tier applies to the whole request once the whole input, cached tokens too, is larger than `above`.",
        "- A row with `\"source\":1` comes from the second source alone. Bounds and traits all come from it, and buckets that",
        "  the first lacks, where both have the same input and output price.",
        "- Azure sells models of other vendors under their names and prices: its rows are those that differ.",
        "- Not in the prices: fees by request, search, image, second or page; audio read from a cache (it counts as cached",
        "  input).",
        "",
        "The sources' licence is MIT; its text is in the field `notice` of `prices.json`:",
        "",
        *(f"- {name}: {line}" for name, line in licences.items()),
        "",
        "## Models",
        "",
        "| vendor | models | of the second source |",
        "| --- | ---: | ---: |",
    ]
    for vendor in table["vendors"]:
        second = sum(1 for row in vendor["models"] if row.get("source"))
        lines.append(f"| {vendor['vendor']} | {len(vendor['models'])} | {second} |")
    total = sum(len(vendor["models"]) for vendor in table["vendors"])
    lines += [f"| all | {total} | {sum(1 for v in table['vendors'] for r in v['models'] if r.get('source'))} |", ""]
    lines += [
        "## Where the sources differ by more than 1 %",
        "",
        "Dollars per million tokens. The first source counts.",
        "",
        "| model | bucket | genai-prices | litellm |",
        "| --- | --- | ---: | ---: |",
    ]
    lines += [f"| {v}/{m} | {b} | {usd(one)} | {usd(two)} |" for v, m, b, one, two in sorted(report.differences)]
    lines += ["", "## Prices that will change", "", "Known already; make the table again from that day on.", ""]
    lines += [f"- {date} {vendor}/{model}: {prices}" for vendor, model, date, prices in sorted(report.upcoming, key=lambda u: (u[2], u[0], u[1]))]
    lines += ["", "## Prices that change by the hour", "", "The table has the highest.", ""]
    lines += [f"- {vendor}/{model}" for vendor, model in sorted(set(report.by_hour))]
    lines += ["", "## Left out", ""]
    reasons = {}
    for where, why in report.left_out:
        reasons.setdefault(why, []).append(where)
    for why, wheres in sorted(reasons.items()):
        lines.append(f"- {why}: {', '.join(sorted(wheres))}")
    lines += ["", "## Rounded", "", f"{len(set(report.rounded))} models have a price finer than a pico-dollar, rounded half up:"]
    counts = collections.Counter(where.split("/", 1)[0] for where in set(report.rounded))
    lines.append(", ".join(f"{vendor} {count}" for vendor, count in sorted(counts.items())) + ".")
    path.write_text("\n".join(lines) + "\n")
