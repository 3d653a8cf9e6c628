"""A directory of its own for each test, in one sandbox per module."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.sandbox.helpers import Directory
from tests.support.sandbox import RunningSandbox, sandbox

__all__ = ["sandbox"]


@pytest.fixture
def directory(sandbox: RunningSandbox) -> Iterator[Directory]:
    tenant = str(uuid.uuid4())
    app = {"client_id": "app", "client_secret": "secret"}
    sandbox.put_tenant(
        tenant,
        name="Fabled",
        domains=["fabled.example", f"{tenant}.example"],
        federated_domains=["fed.example"],
        applications=[app],
    )
    client = sandbox.client(sandbox.token(tenant, "app", "secret"))
    yield Directory(sandbox, tenant, client)
    client.close()


@pytest.fixture
def scim(directory: Directory) -> httpx.Client:
    return directory.scim
