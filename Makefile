# What can be done with this project. Each target says what it does and installs what it is missing: Debian packages (as
# root), Go tools and cargo-deny (into a cache outside the project). `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO_DENY_VERSION := 0.20.2

# The same folder as tests/tools/build uses: what is in it is built once, for all working copies.
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)
TOOLS := $(if $(GIM_UPGRADE_TOOLS),$(GIM_UPGRADE_TOOLS),$(CACHE)/gim-upgrade-exporter/tools)
# What npm gives the browser tests: a folder of its own for each state of the lock file. tests/browser/node.rs names it too.
BROWSER := $(TOOLS)/browser-$(shell sha256sum tests/browser/package-lock.json | cut -c1-12)
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

# What npm gives needs Node 20; Debian 12 has 18.
define node
	$(call packages,node:nodejs npm:npm)
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || \
	  { echo "Node 20 or newer is needed here, and this is $$(node --version)" >&2; exit 1; }
endef

# What `make e2e` runs; cargo leaves it out of "all targets".
E2E := --test cluster --test chart --test image --test postgres --test prometheus --test rules --test alertmanager --test paging --test web \
  --test browser --test open_pages --test dashboards-proof

# What the image's binary is built for: this machine's own architecture. Where Rust's library for musl cannot be had, the image is
# tried with a static binary of the machine's own C library, and the output says so.
MUSL := $(shell uname -m)-unknown-linux-musl
GNU := $(shell uname -m)-unknown-linux-gnu

.PHONY: help demo recording test lint e2e browser screenshots bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## play upgrades on a simulated cluster and judge them, until Ctrl-C
	$(call say,Building the exporter and starting it on a simulated cluster)
	cargo run --release --locked -- demo

recording: ## record verify on an upgrade that fails, for README (5 minutes: in real time)
	$(call say,Building the exporter)
	cargo build --release --locked
	$(call say,Recording verify on an image that is missing)
	docs/record-verify target/release/gim-upgrade-exporter >target/verify.txt
	mv target/verify.txt docs/verify.txt
	UPDATE_README=1 cargo test --locked --test readme

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
	$(call say,Playing every scenario through the whole program with time compressed (about 4 minutes))
	cargo test --locked --test compressed -- --ignored
	@# Debian would start a server of its own on the usual port.
	@if [ "$$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	  mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; fi
	$(call packages,pg_createcluster:postgresql openssl:openssl setpriv:util-linux)
	$(call say,Serving TLS and asking for passwords and certificates with curl)
	cargo test --locked --test web
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
	@$(MAKE) --no-print-directory browser
	$(call say,Opening 500 pages at once)
	cargo test --locked --test open_pages -- --nocapture
	$(node)
	tests/dashboards/grafana/install
	$(call say,Asking a real Prometheus all that the dashboards ask and showing the answers as Grafana does)
	cargo test --locked --test dashboards-proof
	$(call say,Upgrading on a real control plane with Helm 3 and Helm 4)
	cargo test --locked --test cluster
	$(call say,Installing the chart there and taking each of its rights away)
	cargo test --locked --test chart
	$(call packages,musl-gcc:musl-tools buildah:buildah update-ca-certificates:ca-certificates)
	$(call say,Building the static binary (the first time about 3 minutes) and starting its image in a plain chroot)
	if timeout 300 rustup target add $(MUSL); then target=$(MUSL); export RUSTFLAGS=; else \
	  printf '\n== No Rust library for musl: a static binary of the machine'"'"'s own C library takes its place\n'; \
	  target=$(GNU); export RUSTFLAGS='-C target-feature=+crt-static'; fi; \
	cargo build --locked --target "$$target" --profile image-test --bin gim-upgrade-exporter; \
	unset RUSTFLAGS; IMAGE_TARGET="$$target" cargo test --locked --test image

# Pictures of what was seen are left in target/browser.
browser: $(BROWSER) ## look at the page in a real browser (part of e2e)
	$(call packages,chromium:chromium)
	$(call say,Looking at the page in a real browser)
	cargo test --locked --test browser

screenshots: $(BROWSER) ## make the pictures in README
	$(call packages,chromium:chromium)
	$(call say,Taking pictures of the page)
	cargo test --locked --test browser -- --ignored screenshots

bench: ## measure memory, start and scrapes beside nginx serving the same bytes
	$(call packages,nginx:nginx-light)
	$(call say,Building the exporter as it is shipped (the first time about 12 minutes))
	cargo bench --locked --profile dist --bench fleet --no-run
	$(call say,Measuring on simulated clusters of 1 and 100 and 1000 suites (about 6 minutes))
	cargo bench --locked --profile dist --bench fleet

$(BROWSER):
	$(node)
	$(call say,Installing what the browser tests need of npm (once))
	rm -rf $@.new && mkdir -p $@.new
	cp tests/browser/package.json tests/browser/package-lock.json tests/browser/.npmrc $@.new
	cd $@.new && npm ci
	rm -rf $@ && mv $@.new $@

$(CARGO_DENY):
	$(call say,Building cargo-deny $(CARGO_DENY_VERSION) (once; about 3 minutes))
	@# Unoptimised: it takes half the time to build, and runs for a second.
	cargo install --quiet --locked --debug cargo-deny --version $(CARGO_DENY_VERSION) --root $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)
