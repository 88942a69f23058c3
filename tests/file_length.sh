#!/usr/bin/env bash
# Nine source files in ten stay under 400 lines.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files --cached --others --exclude-standard '*.rs' '*.py' '*.mjs' '*.sh' | xargs wc -l | awk '
    $2 == "total" { next }
    { files++ }
    $1 > 400 { long++; print "over 400 lines: " $2 " (" $1 ")" }
    END {
        printf "%d files, %d over 400 lines\n", files, long
        if (long * 10 > files) exit 1
    }'
