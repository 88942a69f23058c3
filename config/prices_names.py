"""Which names lead to which model: genai-prices' clauses as exact names and beginnings of names.

The gateway looks a name up as `look_up` does; `names_of_vendor` makes the smallest table with which every known name
leads where genai-prices leads it.
"""

import re

from genai_prices import types


def undated(name):
    """As `pricing/name.rs`."""
    match = re.fullmatch(r"(.+?)(-latest|-\d{4}-\d{2}-\d{2}|-\d{8}|@\d{8})", name, re.DOTALL)
    return match[1] if match else None


def look_up(names, prefixes, name):
    """As `pricing/table.rs`: the name, the name without its date, the longest beginning."""
    if name in names:
        return names[name]
    if (rest := undated(name)) in names:
        return names[rest]
    found = [prefix for prefix in prefixes if name.startswith(prefix)]
    return prefixes[max(found, key=len)] if found else None


def clauses(clause):
    inner = getattr(clause, "or_", None) or []
    if inner:
        for part in inner:
            yield from clauses(part)
    else:
        yield clause


def names_of_vendor(provider, litellm_names):
    """Every row's names: {row id: [names and beginnings]}, so that each known name leads where genai-prices leads it."""
    known, prefixes = set(litellm_names), {}
    for model in provider.models:
        known.add(model.id.lower())
        for clause in clauses(model.match):
            if isinstance(clause, types.ClauseEquals):
                known.add(clause.equals.lower())
            elif isinstance(clause, types.ClauseStartsWith):
                known.add(clause.starts_with.lower())
                prefixes.setdefault(clause.starts_with.lower(), model.id)
            elif isinstance(clause, types.ClauseContains):
                known.add(clause.contains.lower())
                prefixes.setdefault(clause.contains.lower(), model.id)
            elif isinstance(clause, types.ClauseEndsWith):
                known.add(clause.ends_with.lower())
    # A beginning that genai-prices gives to an earlier row is not this row's.
    prefixes = {prefix: row for prefix, row in prefixes.items() if leads_to(provider, prefix) == row}
    truth = {name: row for name in known if (row := leads_to(provider, name))}
    names = dict(truth)
    for name in sorted(truth, key=lambda name: (-len(name), name)):
        if name == truth[name].lower():
            continue
        row = names.pop(name)
        if look_up(names, prefixes, name) != row:
            names[name] = row
    wrong = [name for name, row in truth.items() if look_up(names, prefixes, name) != row]
    assert not wrong, wrong
    rows = {}
    for name, row in sorted(names.items()):
        rows.setdefault(row, []).append(name)
    for prefix, row in sorted(prefixes.items()):
        # Beginnings that a shorter one of the same row covers say nothing.
        covering = [other for other in prefixes if other != prefix and prefix.startswith(other)]
        if not covering or prefixes[max(covering, key=len)] != row:
            rows.setdefault(row, []).append(prefix + "*")
    return rows, names, prefixes


def leads_to(provider, name):
    model = provider.find_model(name)
    return model.id if model else None
