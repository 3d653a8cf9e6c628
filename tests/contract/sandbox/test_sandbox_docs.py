"""docs/sandbox.md says what the code does: every switch, every endpoint."""

import re
from pathlib import Path

import pytest

from msp_portal.sandbox.page.explanations import WORDS
from msp_portal.sandbox.page.switches import DEFAULTS, values_of, written
from tests.support.sandbox import ROOT, RunningSandbox

DOCS: Path = ROOT / "docs" / "sandbox.md"
_START = "<!-- switches: "
ENDPOINT = re.compile(r"^\| `(GET|PUT|POST|DELETE) (/[^`]*)` \|", re.MULTILINE)


def switches_table() -> str:
    """The table as the code has it."""
    rows = ["| switch | default | values | meaning |", "|---|---|---|---|"]
    for name, words in WORDS.items():
        values = values_of(name)
        choices = ", ".join(map(written, values)) if values else "any"
        rows.append(f"| `{name}` | {written(DEFAULTS[name])} | {choices} | {words} |")
    return "\n".join(rows)


def test_every_switch_is_explained_and_nothing_else() -> None:
    assert set(WORDS) == set(DEFAULTS)


def test_the_documented_switches_are_those_of_the_code() -> None:
    _, _, rest = DOCS.read_text().partition(_START)
    table = rest.partition("\n\n")[2].partition("\n\n")[0]
    assert table == switches_table()


def test_the_documented_endpoints_exist(sandbox: RunningSandbox) -> None:
    tenant = "00000000-0000-0000-0000-000000000000"
    found = ENDPOINT.findall(DOCS.read_text())
    assert len(found) == 15
    for method, path in sorted(found, key=lambda each: each == ("DELETE", "/tenants/{id}")):
        body = {"advance_seconds": 0} if path == "/clock" else {}
        body = {"kind": "slow"} if path.endswith("faults") else body
        answer = sandbox.control.request(
            method, path.replace("{id}", tenant), json=body if method in ("PUT", "POST") else None
        )
        assert answer.is_success, (method, path, answer.text)


@pytest.mark.parametrize("path", ["/nothing", "/tenants/{id}/nothing"])
def test_an_endpoint_that_is_not_documented_does_not_exist(
    sandbox: RunningSandbox, path: str
) -> None:
    sandbox.put_tenant("00000000-0000-0000-0000-000000000000")
    answer = sandbox.control.get(path.replace("{id}", "00000000-0000-0000-0000-000000000000"))
    assert answer.status_code == 404
