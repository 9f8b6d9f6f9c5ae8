# Words anyone can guess. `make demo` and `make test` need Python 3.11+, its venv module and make.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
PYTEST = $(BIN)/python -m pytest
# Most tests wait for something: three files at a time keep two cores busy.
AT_ONCE = -n 3 --dist loadfile --no-loadscope-reorder --ignore $(ALONE)
# Counts milliseconds between two processes, so nothing else runs beside it.
ALONE = tests/stop_race/test_race.py
COVERED = --cov --cov-report=
TESTED = .tested
SOURCES = $(shell find modemgw tests pyproject.toml -type f -not -path '*/__pycache__/*')
FUZZ_SECONDS ?= 3600
KILLS ?= 300
ROUNDS ?= 2000
SEED ?= 1
TIMES ?= 25

# Hundreds of processes are started: none should have to compile all modules once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format soak crash race reliability judges bench fuzz api-fuzz mutants clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("modemgw needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP)  ## four simulated modems, the daemon, a tour; ONCE=1 ends after the tour
	$(BIN)/modemgw demo $(if $(ONCE),--once)

test: $(STAMP)  ## the tests, on SQLite and on a PostgreSQL of their own
	$(PYTEST) -q $(ALONE) $(COVERED)
	$(PYTEST) $(AT_ONCE) $(COVERED) --cov-append
	touch $(TESTED)

$(TESTED): $(STAMP) $(SOURCES)
	$(PYTEST) -q $(ALONE) $(COVERED)
	$(PYTEST) -q $(AT_ONCE) $(COVERED) --cov-append
	touch $@

check: $(STAMP)  ## format, lint, types, import rules; branch coverage by the tests, run where they were not
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory $(TESTED)
	$(BIN)/coverage report --skip-covered

format: $(STAMP)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

mutants: $(STAMP)  ## each safeguard removed by a patch: a test must fail
	$(BIN)/python tests/mutants/run.py

soak: $(STAMP)  ## every fault at once on a sending bank, and the whole tour as a test
	$(PYTEST) -m slow

crash: $(STAMP)  ## the daemon killed 300 times at random instants on each database; half an hour
	$(BIN)/python -m tests.crash --database sqlite --seed $(SEED) --kills $(KILLS)
	$(BIN)/python -m tests.crash --database postgresql --seed $(SEED) --kills $(KILLS)

race: $(STAMP)  ## STOPs and sends meet at random, with kills, on one host and on two; a quarter of an hour
	$(BIN)/python -m tests.stop_race --database sqlite --seed $(SEED) --rounds $(ROUNDS)
	$(BIN)/python -m tests.stop_race --database postgresql --seed $(SEED) --rounds $(ROUNDS)
	$(BIN)/python -m tests.stop_race --database postgresql --hosts 2 --seed $(SEED) --rounds $(ROUNDS)
	$(BIN)/python -m tests.stop_race.crowd --seed $(SEED)

reliability: $(STAMP)  ## 200 texts under each fault with real time limits, as a table; a quarter of an hour
	$(BIN)/python -m tests.reliability

judges: $(STAMP)  ## programs of others on the simulated bank, as a table; apt brings them (Debian, root)
	$(BIN)/python -m tests.judges $(if $(MARKDOWN),--markdown $(MARKDOWN))

bench: $(STAMP)  ## figures, as tables
	$(BIN)/python -m bench.codec
	$(BIN)/python -m bench.reassembler
	$(BIN)/python -m bench.dialogue
	$(BIN)/python -m bench.gateway
	$(BIN)/python -m bench.inbound
	$(BIN)/python -m bench.arriving
	$(BIN)/python -m bench.idle
	$(BIN)/python -m bench.simulator
	$(BIN)/python -m bench.recognition
	$(BIN)/python -m bench.gate
	$(BIN)/python -m bench.queue
	$(BIN)/python -m bench.accepting

fuzz: $(STAMP)  ## codec and dialogue under atheris for FUZZ_SECONDS, then hypothesis with many more examples
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,fuzz]'
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)
	HYPOTHESIS_PROFILE=fuzz $(PYTEST) -q -m hypothesis --timeout 3600 tests/pdu tests/at tests/consent tests/api

api-fuzz: $(STAMP)  ## an outside program and hostile clients try the API, TIMES as often as in the tests, by SEED
	API_FUZZ_TIMES=$(TIMES) API_FUZZ_SEED=$(SEED) $(PYTEST) -q --timeout 7200 tests/api/test_schemathesis.py tests/e2e/test_bad_input.py

clean:  ## what can be made again
	rm -rf $(VENV) .tested .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .fuzz/corpus build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
