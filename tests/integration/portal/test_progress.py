"""A job that is watched: however many look, of the job only its row is read."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import Job
from tenants.domain.roles import Role
from tests.support.rows import add_job, add_person, add_tenant

pytestmark = pytest.mark.django_db


def test_progress_reads_the_job_by_its_row_alone(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    job = add_job(add_tenant("calm"), Job.State.APPLYING, total=50_000, calls_made=1_200)
    client.force_login(add_person(Role.ENGINEER, None))
    with django_assert_max_num_queries(9) as seen:
        response = client.get(reverse("job_progress", args=[job.pk]))
    assert b"1,200 calls so far" in response.content
    told = [each["sql"] for each in seen.captured_queries]
    assert not [sql for sql in told if "provisioning_operation" in sql or "billing_call" in sql]
