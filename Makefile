# The portal's commands. `make demo` and `make test` need nothing but Python 3.11+ and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-once test check fix audit access canary crash lanes fairness storm quota model histories estimates privilege soak-billing postgresql bench bench-month requirements clean

demo: $(VENV)/.base
	@$(BIN)/python manage.py demo

demo-once: $(VENV)/.base
	@$(BIN)/python manage.py demo --once

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n auto --dist loadgroup --no-loadscope-reorder $(ARGS)

# Every static check. Production settings are checked with throw-away secrets.
check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --check --lint --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgres://portal@db.example/portal REDIS_URL=redis://db.example/0 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	  VAULT_KEYS=check:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= ALLOWED_HOSTS=portal.example \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint templates --reformat --quiet

# Worker, beat and sandbox killed, database cut, broker wiped: 200 times over jobs of users and groups,
# on SQLite with files and on PostgreSQL with Redis (the suite strikes a dozen times, six on each).
crash: $(VENV)/.dev
	CRASH_POINTS=200 $(BIN)/python -m pytest -p no:randomly -s tests/integration/portal/test_crash.py \
	  tests/services/test_crash.py

# 1,000 races of two processes for one lane, on SQLite and on PostgreSQL (the suite runs 60 of each).
lanes: $(VENV)/.dev
	LANE_RACES=1000 $(BIN)/python -m pytest -p no:randomly -s -k processes tests/integration/provisioning/test_lanes.py tests/services/test_lane_race.py

# 50,000 operations beside 50 tenants of 20 each on two workers, and a person on demand: takes minutes.
fairness: $(VENV)/.dev
	FAIRNESS_OPERATIONS=50000 FAIRNESS_TENANTS=50 $(BIN)/python -m pytest -p no:randomly -s tests/integration/portal/test_fairness.py

# 10,000 operations while the service fails at random, twice (the suite runs 600 of each).
storm: $(VENV)/.dev
	STORM_OPERATIONS=10000 $(BIN)/python -m pytest -p no:randomly -s tests/integration/provisioning/test_storm.py

# Every quota of Entra's, from an empty bucket, alone and beside somebody else (the suite drives one).
quota: $(VENV)/.dev
	QUOTA_ALL=1 $(BIN)/python -m pytest -p no:randomly tests/contract/client/test_quota.py

# Client, sandbox and a simple model over 20,000 random steps (the suite runs 2,000).
model: $(VENV)/.dev
	MODEL_STEPS=20000 $(BIN)/python -m pytest -p no:randomly tests/contract/client/test_model.py

# 50 syncs of random HR histories, several for each position of a switch (the suite runs 12 of one).
histories: $(VENV)/.dev
	HISTORY_SYNCS=50 HISTORY_SEEDS="1 2 3 4" $(BIN)/python -m pytest -p no:randomly tests/integration/provisioning/test_histories.py

# 200 random jobs without faults, exactly as predicted, and 200 with faults in the predicted range (the
# suite runs a dozen of each).
estimates: $(VENV)/.dev
	ESTIMATE_JOBS=200 $(BIN)/python -m pytest -p no:randomly -q -s tests/integration/provisioning/test_estimates.py

# Twelve profiles with the permissions they are advised, and without each one, as a table.
privilege: $(VENV)/.dev
	$(BIN)/python -m pytest -p no:randomly -q tests/integration/provisioning/test_least_privilege.py

# 300 tamperings of an audit trail of 10,000 events (the suite: each way once, on 500 events).
audit: $(VENV)/.dev
	AUDIT_EVENTS=10000 AUDIT_TAMPERINGS=300 $(BIN)/python -m pytest -p no:randomly -s tests/integration/tenants/test_audit_tampering.py

# Every route as everybody: each role in each way it is held, own and other customer, reading and sending.
access: $(VENV)/.dev
	$(BIN)/python -m pytest -p no:randomly -q -s tests/integration/portal/test_access.py

# Planted secrets are looked for in everything a portal shows, logs, sends, stores and hands out.
canary: $(VENV)/.dev
	$(BIN)/python -m pytest -p no:randomly -q tests/unit/test_canary.py tests/integration/portal/test_canary.py \
	  tests/integration/tenants/test_ciphertexts.py tests/services/test_canary.py

# 200,000 calls of three tenants over a month's end while the service fails, and 50,000 with crashes:
# meter, statements and the sandbox's bill to the cent (the suite drives 1,800 and 450).
soak-billing: $(VENV)/.dev
	SOAK_CALLS=200000 $(BIN)/python -m pytest -p no:randomly -s tests/integration/portal/test_billing_soak.py

# Every integration test on PostgreSQL (the suite: the most telling ones, and another quarter each day).
postgresql: $(VENV)/.dev
	POSTGRESQL_ALL=1 $(BIN)/python -m pytest -p no:randomly -n auto --dist loadgroup tests/services/test_suite_on_postgresql.py

# Measurements, each as a ratio to the plain way of doing the same.
bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.bench_creations
	$(BIN)/python -m tests.bench.bench_mapping
	$(BIN)/python -m tests.bench.bench_effect
	$(BIN)/python -m tests.bench.bench_forecast
	$(BIN)/python -m tests.bench.bench_planning
	$(BIN)/python -m tests.bench.bench_threads
	$(BIN)/python -m tests.bench.bench_waste
	$(BIN)/python -m tests.bench.bench_csv
	$(BIN)/python -m tests.bench.bench_sandbox
	$(BIN)/python -m tests.bench.bench_simulator
	$(BIN)/python -m tests.bench.bench_month 300000

# Finance's pages, files and tasks over 10,000,000 single calls of 1,000 tenants, on SQLite and on
# PostgreSQL under row-level security: takes half an hour and 20 GB under TMPDIR (`make bench`: 300,000).
bench-month: $(VENV)/.dev
	$(BIN)/python -m tests.bench.bench_month 10000000

requirements: $(VENV)/.dev
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes requirements/base.in -o requirements/base.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes requirements/dev.in -o requirements/dev.txt

clean:
	rm -rf $(VENV) var

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt | $(VENV)/bin/python
	@echo "Installing requirements ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing requirements ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $(VENV)/.base $@
