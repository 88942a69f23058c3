#!/bin/sh
# Builds Tollgate and the benchmark in release mode and runs them side by side.
# Arguments go to `sidebyside compare`: try `benches/run.sh --quick`, `benches/run.sh --help`.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --package tollgate --package tollgate-benches
exec "${CARGO_TARGET_DIR:-target}/release/sidebyside" compare "$@"
