# Earshot. "make help" lists the targets; every one of them is safe to repeat.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BUILD := build
DATA ?= data
LISTEN ?= localhost:8080
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOLANGCI_LINT := v2.15.0
LINTER = $(BUILD)/bin/golangci-lint-$(GOLANGCI_LINT)
SCHEMATHESIS_VERSION := 4.32.5
SCHEMATHESIS = $(CURDIR)/$(BUILD)/python/bin/schemathesis

HASH := \#
# blas is the fastest on a CPU; cpu needs no library. cuda, vulkan and metal use the device.
WHISPER_BACKEND ?= $(shell if [ "$$(uname -s)" = Darwin ] || printf '$(HASH)include <cblas.h>\n' | $${CC:-cc} -E -x c - >/dev/null 2>&1; then echo blas; else echo cpu; fi)
CGO_ENV = $(BUILD)/native/$(WHISPER_BACKEND)/lib/cgo.env
# Commands that compile Go run with whisper.cpp's flags.
WITH_NATIVE = set -a; source $(CGO_ENV); set +a;
QUANTIZE = $(CURDIR)/$(BUILD)/native/$(WHISPER_BACKEND)/bin/whisper-quantize
WEB := api/web
# The rooms where goroutines meet over shared state; what the rest does is arithmetic and waiting, which the race detector makes several times slower.
CONCURRENT := ./store/... ./search ./pipeline
# SQLite is C translated to Go, without goroutines: watched for races, it takes three times as long and shows nothing.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false
export EARSHOT_FIXTURES ?= $(abspath ../shared)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-19s %s\n", $$1, $$2}'

# As it was typed: an address may hold a dollar sign.
export SOURCE_ADDRESS := $(value SOURCE)

.PHONY: run
run: build ## Build everything, fetch the weights and serve; SOURCE=<feed URL | feed file | folder | audio file> adds it first
	@$(BUILD)/earshot --data "$(DATA)" models pull --missing
ifdef SOURCE
	@$(BUILD)/earshot --data "$(DATA)" add -- "$$SOURCE_ADDRESS"
else
	@$(BUILD)/earshot --data "$(DATA)" add --if-empty "$(or $(WHISPER_CPP_DIR),$(BUILD)/whisper.cpp)/samples/jfk.mp3"
endif
	@exec $(BUILD)/earshot --data "$(DATA)" serve --listen $(LISTEN)

.PHONY: build
build: native web ## Build the program with whisper.cpp and the page in it: build/earshot
	@echo "earshot: building $(BUILD)/earshot"
	@$(WITH_NATIVE) go build -trimpath -ldflags "-X main.version=$(VERSION) -X main.quantizeTool=$(QUANTIZE)" -o $(BUILD)/earshot ./cmd/earshot

.PHONY: deps
deps: ## Install ffmpeg and OpenBLAS where that is allowed
	@tools/need.sh cmake:cmake c++:g++ npm:npm patch:patch ffmpeg:ffmpeg
	@[ "$$(uname -s)" = Darwin ] || tools/need.sh cblas.h:libopenblas-dev || echo "going on without OpenBLAS: transcription will be slower" >&2

.PHONY: native
native: deps ## Build whisper.cpp (WHISPER_BACKEND=blas|cpu|cuda|vulkan|metal, WHISPER_CPP_DIR=checkout)
	@# The backend is chosen here, when this line is expanded: after deps, which may have installed OpenBLAS.
	@pipeline/whisper/native/build.sh $(BUILD) "$(WHISPER_BACKEND)"

.PHONY: env
env: native ## Print the variables that compiling Go needs: eval "$$(make -s env)"
	@sed 's/^/export /' $(CGO_ENV)

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	@echo "web: installing packages"
	@cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public $(WEB)/*.html $(WEB)/*.ts $(WEB)/*.json -type f 2>/dev/null)
	@echo "web: building the page"
	@cd $(WEB) && npm run --silent build -- --logLevel warn

.PHONY: web
web: $(WEB)/dist/index.html ## Build the page

.PHONY: test
test: native web ## Run all tests: the page's in headless Chromium, those of concurrent code with the race detector
	@tools/need.sh chromium:chromium
	@tools/need.sh initdb:postgresql || echo "test: going on without Postgres" >&2
	@[ -x $(SCHEMATHESIS) ] || { echo "test: installing Schemathesis $(SCHEMATHESIS_VERSION)"; \
	  python3 -m venv $(BUILD)/python && $(BUILD)/python/bin/pip install --quiet schemathesis==$(SCHEMATHESIS_VERSION); }
	@echo "test: with whisper.cpp ($(WHISPER_BACKEND))"
	@$(WITH_NATIVE) EARSHOT_QUANTIZE=$(QUANTIZE) EARSHOT_SCHEMATHESIS=$(SCHEMATHESIS) go test -vet=off -timeout 15m $$(go list ./... | grep -vxFf <(go list $(CONCURRENT)))
	@echo "test: for races"
	@$(WITH_NATIVE) go test -vet=off $(RACE) -short -timeout 15m $(CONCURRENT)
	@echo "test: without the native part"
	@[ -z "$$(go list -tags stub -deps -f '{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}' ./cmd/earshot)" ] || { echo "test: -tags stub still needs C" >&2; exit 1; }
	@go test -vet=off -tags stub -timeout 5m ./pipeline/whisper/... ./cmd/...

.PHONY: race
race: native web ## Run all tests with the race detector; takes an hour
	@$(WITH_NATIVE) EARSHOT_QUANTIZE=$(QUANTIZE) EARSHOT_SCHEMATHESIS=$(SCHEMATHESIS) go test $(RACE) -timeout 60m ./...

$(LINTER):
	@echo "lint: building golangci-lint $(GOLANGCI_LINT)"
	@GOBIN=$(CURDIR)/$(BUILD)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	@mv $(BUILD)/bin/golangci-lint $@

.PHONY: lint
lint: native web $(LINTER) ## Check the code: golangci-lint with the arrows between the rooms, svelte-check
	@echo "lint: Go"
	@$(WITH_NATIVE) $(LINTER) run ./...
	@echo "lint: page"
	@cd $(WEB) && npm run --silent check

.PHONY: bench
bench: build bench-transcription bench-search ## Measure transcription and search
	@$(WITH_NATIVE) EARSHOT_QUANTIZE=$(QUANTIZE) go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./...

.PHONY: bench-transcription
bench-transcription: build ## Measure transcription beside faster-whisper into docs/benchmarks.md; BENCH="--only wer" only prints
	@tools/need.sh python3:python3 ffmpeg:ffmpeg espeak-ng:espeak-ng
	@$(BUILD)/earshot --models $(BUILD)/models models pull --missing
	@python3 tools/bench/transcription.py $(or $(BENCH),--write)

.PHONY: bench-search
bench-search: ## Measure search beside SQLite FTS5 and tantivy into docs/benchmarks.md; BENCH="--quick" only prints
	@tools/need.sh python3:python3
	@python3 tools/bench/search.py $(or $(BENCH),--write)

.PHONY: bench-recall
bench-recall: build ## Measure whether names that were heard wrong are found, into docs/benchmarks.md; BENCH="--verbose" only prints
	@tools/need.sh python3:python3 ffmpeg:ffmpeg espeak-ng:espeak-ng
	@$(BUILD)/earshot --models $(BUILD)/models models pull --missing
	@python3 tools/bench/recall.py $(or $(BENCH),--write)

.PHONY: bench-corrections
bench-corrections: build ## Measure what becomes of corrections when another model transcribes again
	@$(BUILD)/earshot --models $(BUILD)/models models pull --missing
	@$(BUILD)/earshot --models $(BUILD)/models models pull tiny.en
	@go run ./tools/bench/corrections --program $(BUILD)/earshot --models $(BUILD)/models --scripts "$(EARSHOT_FIXTURES)/audio/podcast"

HOURS ?= 1000
.PHONY: bench-load
bench-load: build ## Measure a server while 200 clients search and 50 listen (HOURS=1000); LOAD="--time 30s --clients 50"
	@mkdir -p $(BUILD)/bench
	@go run ./tools/bench/archive fill --hours $(HOURS) --data $(BUILD)/bench/load-$(HOURS) --queries $(BUILD)/bench/load-$(HOURS).txt
	@go run ./tools/bench/load --program $(BUILD)/earshot --data $(BUILD)/bench/load-$(HOURS) --queries $(BUILD)/bench/load-$(HOURS).txt $(LOAD)

.PHONY: bench-names
bench-names: ## Measure fixing a name everywhere, and undoing it, over 1,000 hours (HOURS=1000)
	@$(MAKE) bench-load LOAD=--names

.PHONY: bench-page
bench-page: ## Measure typing into the page and its first view, over 1,000 hours (HOURS=1000)
	@tools/need.sh chromium:chromium
	@$(MAKE) bench-load LOAD=--page

.PHONY: clean
clean: ## Remove what was built; data stays
	@rm -rf $(BUILD) $(WEB)/node_modules && find $(WEB)/dist -mindepth 1 ! -name .gitkeep -delete
