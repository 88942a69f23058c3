#!/usr/bin/env bash
# Every test: units, documentation examples, and the real clients against the real binary.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
if "$cargo" nextest --version >/dev/null 2>&1; then
    "$cargo" nextest run --workspace --locked --no-fail-fast
    "$cargo" test --workspace --locked --doc
else
    "$cargo" test --workspace --locked --no-fail-fast
fi
