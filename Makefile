# `make` shows the tasks.

CARGO ?= cargo
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run build test test-rust check fmt deny doc schema bench clean-data

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build and start the gateway on the embedded default; data in ./data
	$(CARGO) build --release
	"$${CARGO_TARGET_DIR:-target}/release/tollgate" serve $(ARGS)

build: ## build the release binary
	$(CARGO) build --release

test: ## install what the tests need, then run every test
	tests/setup.sh
	tests/run.sh

test-rust: ## every test that needs neither Python nor Node
	$(CARGO) test --workspace --lib --bins --examples
	$(CARGO) test --workspace --doc

check: ## formatting, lints and the length of files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	tests/file_length.sh

fmt: ## format all code
	$(CARGO) fmt --all

deny: ## licences, advisories and sources of dependencies (needs cargo-deny)
	$(CARGO) deny check

doc: ## the API documentation, without a warning
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

schema: ## rewrite config/schema.json from the code
	$(CARGO) run --quiet -- schema > config/schema.json.new
	mv config/schema.json.new config/schema.json

bench: ## Tollgate beside a bare proxy and nginx; options in ARGS, for example ARGS=--quick
	benches/run.sh $(ARGS)

clean-data: ## forget what `make run` stored in ./data
	rm -rf data
