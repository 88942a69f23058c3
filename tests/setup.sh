#!/usr/bin/env bash
# Installs what the tests run: Python packages into .venv, Node packages into tests/clients/node_modules, Debian's
# Prometheus into .tools (unpacked only: no service is set up), and strace. Does nothing where all are up to date.
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

install_prometheus() {
    if [ -x .tools/usr/bin/promtool ] || command -v promtool >/dev/null; then
        return
    fi
    if ! command -v apt-get >/dev/null; then
        echo "no Prometheus here: the tests that need it will be skipped"
        return
    fi
    echo "unpacking Debian's Prometheus into .tools"
    local folder
    folder=$(mktemp -d)
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        (cd "$folder" && apt-get -o APT::Sandbox::User=root download -qq prometheus)
    elif ! (cd "$folder" && apt-get download -qq prometheus); then
        # Without root, the lists have to be there already.
        echo "no Prometheus here: the tests that need it will be skipped"
        return
    fi
    mkdir -p .tools
    dpkg --extract "$folder"/prometheus_*.deb .tools
    rm -r "$folder"
}

# install_program PROGRAM PACKAGE
install_program() {
    if command -v "$1" >/dev/null; then
        return
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    else
        echo "no $1 here: the tests that need it will be skipped"
    fi
}

install_python
install_node
install_prometheus
install_program strace strace
install_program mkfs.xfs xfsprogs
