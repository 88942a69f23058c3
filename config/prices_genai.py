"""Reads genai-prices: a model's prices on a day, those of its other services, and exact whole numbers of them."""

import copy
from decimal import ROUND_HALF_UP, Decimal

from genai_prices import types

GENAI_BUCKETS = {
    "input": ["input_mtok"],
    "cache_read": ["cache_read_mtok"],
    "cache_write": ["cache_write_5m_mtok", "cache_write_mtok"],
    "cache_write_1h": ["cache_write_1h_mtok"],
    "audio_input": ["input_audio_mtok"],
    "output": ["output_mtok"],
    "reasoning": ["output_reasoning_mtok"],
    "audio_output": ["output_audio_mtok"],
}


def pico(amount, per, where, report):
    """A price in dollars per `per` tokens as whole pico-dollars a token."""
    exact = amount * (Decimal(10) ** 12) / per
    whole = exact.to_integral_value(ROUND_HALF_UP)
    if whole != exact:
        report.rounded.append(where)
    return int(whole)


def prices_on(model, date, vendor, report):
    """The model's prices on a day. Of prices that change by the hour the highest."""
    if isinstance(model.prices, types.ModelPrice):
        return model.prices
    current, hourly = model.prices[0].prices, []
    for conditional in model.prices:
        constraint = conditional.constraint
        if constraint is None:
            current = conditional.prices
        elif isinstance(constraint, types.StartDateConstraint):
            if constraint.start_date <= date:
                current, hourly = conditional.prices, []
            else:
                report.upcoming.append((vendor, model.id, constraint.start_date, conditional.prices))
        else:
            hourly.append(conditional.prices)
    if hourly:
        report.by_hour.append((vendor, model.id))
        current = max([current, *hourly], key=lambda prices: base_of(prices.output_mtok))
    return current


def base_of(price):
    return price.base if isinstance(price, types.TieredPrices) else price


def genai_row(prices, where, report):
    """(prices, tiers) in pico-dollars by bucket."""
    base, tiers = {}, {}
    for bucket, keys in GENAI_BUCKETS.items():
        price = next((value for key in keys if (value := getattr(prices, key)) is not None), None)
        if price is None:
            continue
        base[bucket] = pico(base_of(price), 10**6, where, report)
        if isinstance(price, types.TieredPrices):
            for tier in price.tiers:
                tiers.setdefault(tier.start, {})[bucket] = pico(tier.price, 10**6, where, report)
    return base, tiers


def services_of(model, standard, date):
    """{service: prices} that the vendor sells beside the standard one: a tier, or a speed."""
    changes = {}
    for variant in model.price_variants or []:
        constraint = variant.constraint
        if not (constraint is None or (isinstance(constraint, types.StartDateConstraint) and constraint.start_date <= date)):
            continue
        if set(variant.when) not in ({"service_tier"}, {"speed"}):
            continue
        (service,) = variant.when.values()
        for key, price in variant.prices.__dict__.items():
            if price is not None:
                # What comes first counts, price by price.
                changes.setdefault(service, {}).setdefault(key, price)
    services = {}
    for service, changed in changes.items():
        services[service] = copy.copy(standard)
        services[service].__dict__.update(changed)
    return services
