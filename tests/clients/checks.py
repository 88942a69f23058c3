"""A list of checks, each a function named for the behaviour that it asserts, run in order and reported one a line."""

import json
import os
import sys
import time
import traceback
import urllib.request

URL = os.environ["TOLLGATE_URL"]
KEY = os.environ["TOLLGATE_KEY"]
NARROW_KEY = os.environ.get("TOLLGATE_NARROW_KEY", "")
UPSTREAM = os.environ.get("UPSTREAM_URL", "")

_checks = []


def check(function):
    _checks.append(function)
    return function


def run():
    failed = 0
    for function in _checks:
        name = function.__name__.replace("_", " ")
        try:
            function()
        except Exception:
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}")
        else:
            print(f"ok     {name}")
    sys.exit(1 if failed else 0)


def equal(left, right):
    assert left == right, f"{left!r} is not {right!r}"


def raises(kind, call):
    """The error that a call must end with."""
    try:
        answer = call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}, but {answer!r}")


def wait_for(what, look, limit=60):
    """The first true value that `look` finds. The limit catches hangs only."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited too long for {what}")


def upstream_log():
    """What the simulated provider saw at its model endpoints, oldest first."""
    with urllib.request.urlopen(f"{UPSTREAM}/sim/log") as answer:
        entries = json.load(answer)["requests"]
    return [entry for entry in entries if entry["path"].startswith("/v1/")]


def next_faults(*faults):
    """Each of the provider's next requests fails in one of these ways."""
    body = json.dumps({"next": list(faults)}).encode()
    request = urllib.request.Request(f"{UPSTREAM}/sim/faults", data=body, method="POST")
    urllib.request.urlopen(request).read()
