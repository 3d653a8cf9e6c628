"""Scripts for the customer's side: what they do, and that no name gets out of its quotes."""

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msp_portal.onboarding.scripts import Request, azure_cli, consent_link, powershell
from tenants.domain.clouds import CLOUDS

GUID = "6f1c2b1e-9a55-4c8f-8a37-2d4a1f0b7e11"
PLAIN = Request(
    tenant="Birch production",
    entra_id=GUID,
    cloud="global",
    permissions=("User.ReadWrite.All", "Group.Read.All"),
    subscription_id="0d2f6f0c-5e1a-4a8e-9a63-71f3a3b0c001",
    resource_group="identity",
)
# What a shell could take for something else than text.
NASTY = st.text(
    alphabet="a'\"`$();&|<>\\\n\r \u2018\u2019\u201a\u201b-#*{}", min_size=1, max_size=20
)


def test_permissions_are_looked_up_by_name_and_each_is_granted() -> None:
    for text in (azure_cli(PLAIN), powershell(PLAIN)):
        assert all(permission in text for permission in PLAIN.permissions)
        assert "Microsoft.EntraIDGovernance" in text
        assert PLAIN.subscription_id in text


def test_a_known_application_is_not_registered_again() -> None:
    known = Request(
        **{name: getattr(PLAIN, name) for name in PLAIN.__slots__} | {"client_id": GUID}
    )
    assert "az ad app create" in azure_cli(PLAIN)
    assert "az ad app create" not in azure_cli(known)
    assert "New-MgApplication " in powershell(PLAIN)
    assert "New-MgApplication " not in powershell(known)


@pytest.mark.parametrize("cloud", [name for name in CLOUDS if name != "sandbox"])
def test_each_cloud_names_its_own_hosts_only(cloud: str) -> None:
    request = Request("T", GUID, cloud, ("User.ReadWrite.All",), client_id=GUID)
    text = azure_cli(request) + powershell(request) + consent_link(request)
    hosts = set(re.findall(r"https://([\w.-]+)", text))
    own = CLOUDS[cloud]
    assert hosts == {own.authority.removeprefix("https://"), own.scope.split("/")[2]}


def test_clouds_are_named_as_the_tools_name_them() -> None:
    names = {
        "global": ("AzureCloud", "Global"),
        "usgov": ("AzureUSGovernment", "USGov"),
        "dod": ("AzureUSGovernment", "USGovDoD"),
        "china": ("AzureChinaCloud", "China"),
    }
    for cloud, (azure, graph) in names.items():
        request = Request("T", GUID, cloud, ("User.ReadWrite.All",))
        assert f"az cloud set --name {azure}\n" in azure_cli(request)
        assert f"-Environment {graph} `" in powershell(request)


def test_the_consent_link_asks_for_this_application_in_this_directory() -> None:
    request = Request("T", GUID, "usgov", (), client_id="app")
    assert consent_link(request) == (
        f"https://login.microsoftonline.us/{GUID}/adminconsent?client_id=app"
    )


@given(NASTY, NASTY, NASTY)
@settings(max_examples=60, deadline=None)
def test_bash_takes_names_as_text_and_nothing_else(name: str, group: str, tenant: str) -> None:
    request = Request(
        tenant, GUID, "global", ("User.ReadWrite.All",), "", GUID, group, application_name=name
    )
    # A shell in which the tool only tells what words it was given.
    stub = """az() { printf '%s\\0' "$@" >&2; printf '\\0' >&2; echo found; }\n"""
    done = subprocess.run(
        ["bash", "-c", stub + azure_cli(request)], capture_output=True, check=True
    )
    calls = [call.split("\0") for call in done.stderr.decode().split("\0\0")]
    assert ["group", "show", "--name", group, "--output", "none"] in calls
    assert ["ad", "app", "list", "--display-name", name] in [call[:5] for call in calls]
    assert done.stdout.endswith(b"Application (client) id for the portal: found\n")


@given(NASTY)
def test_powershell_literals_end_where_they_should(name: str) -> None:
    request = Request("T", GUID, "global", (), application_name=name)
    line = next(
        line for line in powershell(request).split("$app = (New-MgApplication -DisplayName ")[1:]
    )
    assert literal(line) == name


def literal(text: str) -> str:
    """What PowerShell reads from a verbatim string at the begin of a text (its language rules)."""
    quotes = "'\u2018\u2019\u201a\u201b"
    assert text[0] == "'"
    found, at = "", 1
    while True:
        if text[at] in quotes:
            if text[at + 1] not in quotes:
                return found
            found += text[at]
            at += 2
        else:
            found += text[at]
            at += 1
