"""A directory's id by its domain: a running sandbox, and a login service that misbehaves."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from tenants import services
from tenants.lookup import LookupFailed, look_up
from tenants.models import AuditEvent, Tenant
from tenants.services import DirectoryKnown
from tests.support.sandbox import RunningSandbox
from tests.support.services import free_port


def test_the_id_is_found_by_a_verified_domain(sandbox: RunningSandbox) -> None:
    tenant_id = str(uuid4())
    sandbox.put_tenant(tenant_id, domains=["wharf.example"])
    for name in ("wharf.example", "WHARF.example", tenant_id):
        found = look_up(cloud="sandbox", name=name, sandbox_url=sandbox.url)
        assert found.entra_id == tenant_id


def test_an_unknown_domain_is_named_with_the_cloud(sandbox: RunningSandbox) -> None:
    with pytest.raises(LookupFailed, match=r"No directory in the cloud Sandbox .* nobody\.example"):
        look_up(cloud="sandbox", name="nobody.example", sandbox_url=sandbox.url)


def test_a_login_service_that_is_down_is_said() -> None:
    with pytest.raises(LookupFailed, match="did not answer"):
        look_up(cloud="sandbox", name="a.example", sandbox_url=f"http://127.0.0.1:{free_port()}")


class _Answers(BaseHTTPRequestHandler):
    status, body = 200, ""
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def login() -> Iterator[tuple[str, type[_Answers]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", _Answers
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, "<html>a proxy's page</html>", "something else than JSON"),
        (200, json.dumps({"issuer": "x"}), "named no directory id"),
        (
            200,
            json.dumps({"token_endpoint": "https://evil.example/common/token"}),
            "no directory id",
        ),
        (200, json.dumps(["a"]), "something else than JSON"),
        (400, json.dumps({"error": "invalid_tenant"}), "No directory"),
        (400, json.dumps({"error": "x", "error_codes": [90002]}), "No directory"),
        (400, json.dumps({"error": "interaction_required"}), "interaction_required"),
        (503, "", "answered 503"),
        (302, "", "answered 302"),
    ],
)
def test_whatever_it_answers_has_its_words(
    login: tuple[str, type[_Answers]], status: int, body: str, words: str
) -> None:
    url, answers = login
    answers.status, answers.body = status, body
    with pytest.raises(LookupFailed, match=words):
        look_up(cloud="sandbox", name="a.example", sandbox_url=url)


def test_a_name_stays_one_part_of_the_address(login: tuple[str, type[_Answers]]) -> None:
    url, answers = login
    answers.status, answers.body = 400, json.dumps({"error": "invalid_tenant"})
    answers.asked.clear()
    with pytest.raises(LookupFailed):
        look_up(cloud="sandbox", name="a/../common?x=1#y", sandbox_url=url)
    assert answers.asked == ["/a%2F..%2Fcommon%3Fx%3D1%23y/v2.0/.well-known/openid-configuration"]


def test_nothing_is_sent_to_a_host_that_is_not_listed(
    login: tuple[str, type[_Answers]], settings: Any
) -> None:
    url, answers = login
    answers.asked.clear()
    settings.SANDBOX_HOSTS = ["lab.example"]
    with pytest.raises(LookupFailed, match="SANDBOX_HOSTS"):
        look_up(cloud="sandbox", name="a.example", sandbox_url=url)
    assert answers.asked == []


def test_the_id_takes_the_domains_place(northmoor: Tenant, southfen: Tenant) -> None:
    found = str(uuid4())
    services.settle_directory(tenant=northmoor, entra_id=found, by=None)
    services.settle_directory(tenant=northmoor, entra_id=found, by=None)
    northmoor.refresh_from_db()
    assert northmoor.entra_id == found
    event = AuditEvent.objects.get(action="tenant.looked_up")
    assert event.detail == {"domain": "northmoor.example", "entra_id": found}
    with pytest.raises(DirectoryKnown):
        services.settle_directory(tenant=southfen, entra_id=found.upper(), by=None)
