"""`manage.py reconcile`: the price first, the drift, and ours written back."""

import json
import time
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from provisioning.management.commands import sync
from provisioning.models import Reconciliation
from provisioning.services import slices
from tests.integration.provisioning.test_reconcile import TABLE, change_outside, key
from tests.support.engine import Engine


@pytest.fixture(autouse=True)
def _a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the command waits, a worker serves a slice."""
    clock = SimpleNamespace(sleep=lambda _: slices.serve_next(), monotonic=time.monotonic)
    monkeypatch.setattr(sync, "time", clock)


def run(*options: str) -> tuple[str, str]:
    out, told = StringIO(), StringIO()
    call_command("reconcile", "brindlewick", *options, stdout=out, stderr=told)
    return out.getvalue(), told.getvalue()


def test_price_drift_and_repair(engine: Engine) -> None:
    engine.apply(TABLE)
    change_outside(engine, 3, title="Pirate")
    assert run("--price") == ("", "1 calls, USD 0.002\n")
    assert not Reconciliation.objects.exists()
    text, _ = run("--as", engine.engineer.email, "--apply")
    assert "drifted 1 of 12 (8.33 % to 8.33 % of all)" in text
    assert f"{key(3)}  Job title" in text
    assert engine.user(key(3))["title"] != "Pirate"
    report = json.loads(run("--sample", "5", "--json")[0])
    assert (report["drift"], report["reading"]["checked"]) == ([], 12)


def test_refusals_and_a_reading_that_is_not_believed(engine: Engine) -> None:
    with pytest.raises(CommandError, match="manages no account"):
        run()
    engine.apply(TABLE)
    with pytest.raises(CommandError, match="name yourself"):
        run("--apply")
    for at in range(6):
        engine.delete_outside(engine.user(key(at))["id"])
    with pytest.raises(CommandError, match="6 of 12 managed accounts"):
        run()
