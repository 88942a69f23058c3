#!/usr/bin/env bash
# Installs the clients that the tests run: Python packages into .venv, Node packages into tests/clients/node_modules.
# Does nothing where both are up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

clients=tests/clients

install_python() {
    local stamp=.venv/installed
    local wanted
    wanted=$(cat "$clients/requirements.txt" "$clients/constraints.txt" | sha256sum)
    if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
        return
    fi
    echo "installing Python clients into .venv"
    if ! python3 -m venv --clear .venv 2>/dev/null; then
        # Debian keeps `ensurepip` in a package of its own.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        fi
        python3 -m venv --clear .venv
    fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --requirement "$clients/requirements.txt" --constraint "$clients/constraints.txt"
    echo "$wanted" >"$stamp"
}

install_node() {
    local stamp=$clients/node_modules/installed
    local wanted
    wanted=$(sha256sum <"$clients/package-lock.json")
    if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
        return
    fi
    echo "installing Node clients into $clients/node_modules"
    npm ci --prefix "$clients" --no-audit --no-fund --loglevel=error
    echo "$wanted" >"$stamp"
}

install_python
install_node
