# What can be done with this project. Each target says what it does and installs what it is missing: Debian packages (as
# root), Go tools and cargo-deny (into a cache outside the project). `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO_DENY_VERSION := 0.20.2

# The same folder as tests/tools/build uses: what is in it is built once, for all working copies.
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)
TOOLS := $(if $(GIM_UPGRADE_TOOLS),$(GIM_UPGRADE_TOOLS),$(CACHE)/gim-upgrade-exporter/tools)
CARGO_DENY := $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

say = @printf '\n== %s\n' "$(1)"

# Installs Debian packages whose command is missing: pairs of command:package.
define packages
	@missing=; for pair in $(1); do IFS=: read -r command package <<<"$$pair"; \
	command -v "$$command" >/dev/null || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    printf '\n== Installing%s\n' "$$missing"; \
	    apt-get update -qq </dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing </dev/null; \
	  else \
	    echo "install$$missing first, or run this as root" >&2; exit 1; \
	  fi; \
	fi
endef

# What `make e2e` runs; cargo leaves it out of "all targets".
E2E := --test cluster --test postgres --test prometheus --test rules --test alertmanager --test paging --test dashboards-proof

.PHONY: help demo test lint e2e bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## play upgrades on a simulated cluster and judge them, until Ctrl-C
	$(call say,Building the exporter and starting it on a simulated cluster)
	cargo run --release --locked -- demo

test: ## run the tests that need nothing but Rust
	$(call say,Testing: unit tests and scenarios on the simulated cluster)
	cargo test --locked
	$(call say,Trying the judgement on 1000 healthy and 1000 faulty operations made by chance and on 1000 without some of the evidence (about 7 minutes))
	PROPERTY_CASES=1000 cargo test --locked --test properties

lint: $(CARGO_DENY) ## format, clippy, dependencies and documentation, warnings as errors
	$(call say,Checking the format)
	cargo fmt --check
	$(call say,Running clippy)
	cargo clippy --locked --all-targets $(E2E) -- -D warnings
	$(call say,Checking dependencies: TLS stack and licences and sources)
	$(CARGO_DENY) --locked check --hide-inclusion-graph bans licenses sources
	$(call say,Building the documentation)
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

e2e: ## play all scenarios through the whole program, and a real control plane with Helm 3 and 4
	$(call packages,python3:python3 pip3:python3-pip curl:curl)
	$(call say,Building the control plane and Helm and Prometheus and Alertmanager where they are missing)
	tests/tools/build
	$(call say,Playing every scenario through the whole program with time compressed (about 10 minutes))
	cargo test --locked --test compressed -- --ignored
	@# Debian would start a server of its own on the usual port.
	@if [ "$$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	  mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; fi
	$(call packages,pg_createcluster:postgresql openssl:openssl setpriv:util-linux)
	$(call say,Reading a real PostgreSQL)
	cargo test --locked --test postgres
	$(call say,Reading signals from a real Prometheus)
	cargo test --locked --test prometheus
	$(call say,Having promtool and real Prometheus servers evaluate the rules)
	cargo test --locked --test rules
	$(call say,Routing and silencing alerts in real Alertmanagers)
	cargo test --locked --test alertmanager
	$(call say,Paging for scenarios with a real Prometheus and a real Alertmanager)
	cargo test --locked --test paging
	$(call packages,node:nodejs npm:npm)
	tests/dashboards/grafana/install
	$(call say,Asking a real Prometheus all that the dashboards ask and showing the answers as Grafana does)
	cargo test --locked --test dashboards-proof
	$(call say,Upgrading on a real control plane with Helm 3 and Helm 4)
	cargo test --locked --test cluster

bench: ## measure memory, start and scrapes beside nginx serving the same bytes
	$(call packages,nginx:nginx-light)
	$(call say,Building the exporter as it is shipped (the first time about 12 minutes))
	cargo bench --locked --profile dist --bench fleet --no-run
	$(call say,Measuring on simulated clusters of 1 and 100 and 1000 suites (about 6 minutes))
	cargo bench --locked --profile dist --bench fleet

$(CARGO_DENY):
	$(call say,Building cargo-deny $(CARGO_DENY_VERSION) (once; about 3 minutes))
	@# Unoptimised: it takes half the time to build, and runs for a second.
	cargo install --quiet --locked --debug cargo-deny --version $(CARGO_DENY_VERSION) --root $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)
