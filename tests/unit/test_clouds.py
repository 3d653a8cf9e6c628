"""Addresses of the clouds, as Microsoft's SCIM and Graph references print them."""

import pytest

from tenants.domain.clouds import CLOUDS, may_be_sandbox

GLOBAL = ("https://graph.microsoft.com/rp/scim", "https://login.microsoftonline.com",
          "https://graph.microsoft.com/.default")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "scim_base", "authority", "scope"),
    [
        ("global", *GLOBAL),
        (
            "usgov",
            "https://graph.microsoft.us/rp/scim",
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us/.default",
        ),
        (  # another graph, but the same login as GCC High
            "dod",
            "https://dod-graph.microsoft.us/rp/scim",
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us/.default",
        ),
        (
            "china",
            "https://microsoftgraph.chinacloudapi.cn/rp/scim",
            "https://login.partner.microsoftonline.cn",
            "https://microsoftgraph.chinacloudapi.cn/.default",
        ),
        ("sandbox", *GLOBAL),  # rewritten to the tenant's own address on the way out
    ],
)
def test_each_cloud_has_its_addresses(name, scim_base, authority, scope):
    cloud = CLOUDS[name]
    assert (cloud.scim_base, cloud.authority, cloud.scope) == (scim_base, authority, scope)


def test_clouds_are_found_by_the_name_that_is_stored():
    assert set(CLOUDS) == {"global", "usgov", "dod", "china", "sandbox"}
    for name, cloud in CLOUDS.items():
        assert cloud.name == name
        assert cloud.label
        assert len(name) <= 20  # the column's length


def test_every_address_is_tls():
    for cloud in CLOUDS.values():
        assert {cloud.scim_base[:8], cloud.authority[:8], cloud.scope[:8]} == {"https://"}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8555", True),
        ("https://LOCALHOST/rp/scim", True),
        ("http://[::1]:8555", True),
        ("http://lab.example:8555", True),
        ("http://lab.example:8556", False),
        ("http://169.254.169.254", False),
        ("http://127.0.0.1@169.254.169.254", False),
        ("http://169.254.169.254@127.0.0.1", False),
        ("http://127.0.0.1.evil.example", False),
        ("ftp://127.0.0.1", False),
        ("http://127.0.0.1:http", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_sandboxes_live_where_the_operator_says(url: str, allowed: bool) -> None:
    hosts = ["127.0.0.1", "localhost", "::1", "lab.example:8555"]
    assert may_be_sandbox(url, hosts) is allowed
    assert not may_be_sandbox(url, [])
