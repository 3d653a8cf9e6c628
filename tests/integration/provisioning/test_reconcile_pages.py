"""The pages of reconciling: calls and price first, drift, decisions, who may."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import AcceptedDrift, Drift, Job, Reconciliation
from provisioning.services import approval
from tenants.domain.roles import Role
from tests.integration.provisioning.test_reconcile import (
    TABLE,
    change_outside,
    key,
    reconcile,
)
from tests.support.engine import Engine, person


@pytest.fixture
def applied(engine: Engine) -> Engine:
    engine.apply(TABLE)
    return engine


@pytest.fixture
def browser(client: Client, engine: Engine) -> Client:
    client.force_login(engine.engineer)
    return client


def page(engine: Engine) -> str:
    return reverse("tenant_reconcile", args=[engine.tenant.slug])


def test_calls_and_price_are_said_before_the_start(applied: Engine, browser: Client) -> None:
    text = browser.get(page(applied)).content.decode()
    assert "Read all: 1 call" in text
    assert "USD 0.002" in text
    assert "so all are read" in text
    assert not Reconciliation.objects.exists()
    answer = browser.post(page(applied), follow=True)
    job = applied.serve(Job.objects.latest("pk"))
    assert answer.redirect_chain[-1][0] == reverse("job_detail", args=[job.pk])
    assert (job.kind, job.requested_by) == (Job.Kind.RECONCILE, applied.engineer)
    text = browser.get(page(applied)).content.decode()
    assert "Earlier readings" in text
    assert "Too little was observed yet" in text
    assert "drift in a day" not in text
    read = Reconciliation.objects.get()
    Reconciliation.objects.update(since=read.read_at - timedelta(days=2))
    assert "Advised" in browser.get(page(applied)).content.decode()


def test_a_sample_is_asked_for_with_its_size(applied: Engine, browser: Client) -> None:
    assert "Verify 7:" in browser.get(page(applied), {"sample": "7"}).content.decode()
    browser.post(page(applied), {"sample": "7"})
    assert Reconciliation.objects.get().sample == 7
    text = browser.post(page(applied), {"sample": "0"}, follow=True).content.decode()
    assert "Say how many" in text


def test_beside_another_job_none_is_started(applied: Engine, browser: Client) -> None:
    change_outside(applied, 3, title="Pirate")
    job = reconcile(applied)
    text = browser.get(page(applied)).content.decode()
    assert "Another job is open" in text
    text = browser.post(page(applied), follow=True).content.decode()
    assert f"Job {job.pk} of this tenant is open" in text
    assert Reconciliation.objects.count() == 1


def test_without_accounts_the_next_step_is_shown(engine: Engine, browser: Client) -> None:
    assert "manages no account" in browser.get(page(engine)).content.decode()


def test_decided_by_row_and_all_that_the_filter_shows(applied: Engine, browser: Client) -> None:
    for at in (1, 2, 3):
        change_outside(applied, at, title="Pirate", displayName=f"Person {at}")
    job = reconcile(applied)
    url = reverse("job_drift", args=[job.pk])
    text = browser.get(url, {"path": "title"}).content.decode()
    assert "Pirate" in text
    assert "Person 1" not in text.split('id="drift"')[1].replace("Person 1<", "")
    row = job.drift.get(path="displayName", key=key(1).casefold())
    decide = reverse("job_drift_decide", args=[job.pk])
    browser.post(decide, {"decision": "theirs", "row": [row.pk], "query": ""})
    assert AcceptedDrift.objects.count() == 1
    browser.post(decide, {"decision": "all:theirs", "query": "path=title"})
    assert sorted(job.drift.filter(decision="theirs").values_list("path", flat=True)) == [
        "displayName",
        *["title"] * 3,
    ]
    assert applied.fresh(job).planned_calls == 2
    browser.post(decide, {"decision": "open", "row": [row.pk], "query": ""})
    assert applied.fresh(job).planned_calls == 3
    text = browser.post(decide, {"query": ""}, follow=True).content.decode()
    assert "Choose whether" in text
    detail = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "What drifted is written back" in detail
    assert "3 of 12 managed accounts" in detail


def test_accepted_ones_are_listed_and_taken_back(applied: Engine, browser: Client) -> None:
    change_outside(applied, 3, title="Pirate")
    job = reconcile(applied)
    decide = reverse("job_drift_decide", args=[job.pk])
    browser.post(decide, {"decision": "all:theirs", "query": ""})
    approval.cancel(job=job, by=applied.engineer)
    assert "Accepted differences" in browser.get(page(applied)).content.decode()
    row = AcceptedDrift.objects.get()
    back = reverse("accepted_take_back", args=[applied.tenant.slug])
    browser.post(back, {"row": [row.pk]})
    assert not AcceptedDrift.objects.exists()
    assert applied.plan(TABLE).planned_calls == 1


def test_the_csv_names_every_difference(applied: Engine, browser: Client) -> None:
    change_outside(applied, 3, title="=1+1")
    job = reconcile(applied)
    text = browser.get(reverse("job_drift_csv", args=[job.pk])).content.decode()
    header, line = text.splitlines()
    assert header.startswith("kind,key,person")
    assert line.startswith(f"changed,{key(3)},")
    assert "'=1+1" in line


def test_a_reader_sees_no_open_drift_and_decides_nothing(applied: Engine, client: Client) -> None:
    change_outside(applied, 3, title="Pirate")
    job = reconcile(applied)
    viewer = person(Role.VIEWER, customer=applied.tenant.customer)
    client.force_login(viewer)
    url = reverse("job_drift", args=[job.pk])
    assert client.get(url).status_code == 404
    decide = reverse("job_drift_decide", args=[job.pk])
    assert client.post(decide, {"decision": "all:theirs"}).status_code == 403
    assert client.get(page(applied)).status_code == 403
    approval.cancel(job=job, by=applied.engineer)
    text = client.get(url).content.decode()
    assert "Pirate" in text
    assert "Take theirs" not in text
    assert not Drift.objects.exclude(decision="").exists()


def test_another_customers_drift_is_not_there(
    applied: Engine, other: Engine, client: Client
) -> None:
    job = reconcile(applied)
    stranger = person(Role.ENGINEER, "else@lanternfield.example", other.tenant.customer)
    client.force_login(stranger)
    for url in (reverse("job_drift", args=[job.pk]), reverse("job_drift_csv", args=[job.pk])):
        assert client.get(url).status_code == 404
    assert client.get(page(applied)).status_code == 404


def test_a_stopped_reading_is_shown_with_its_figures(applied: Engine, browser: Client) -> None:
    for at in range(6):
        applied.delete_outside(applied.user(key(at))["id"])
    job = reconcile(applied)
    text = browser.get(reverse("job_detail", args=[job.pk])).content.decode()
    assert "6 of 12 managed accounts (50 %)" in text
    assert "read once more (1 call)" in text
