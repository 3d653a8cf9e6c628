"""Which addresses are called: none of this network, whatever its name or spelling."""

import socket
from typing import Any

import httpx
import pytest

from tenants import addresses
from tenants.addresses import (
    AddressRefused,
    CheckedTransport,
    is_public,
    require_callable,
    resolve,
)
from tests.support.receiver import receiver

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "168.63.129.16",  # Azure's wire server
    "100.100.100.200",  # Alibaba's metadata, in the carriers' shared range
    "192.0.2.1",  # documentation
    "198.18.0.1",  # benchmarks
    "224.0.0.1",  # multicast
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",  # AWS's metadata
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",  # 127.0.0.1 through NAT64
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",  # 6to4
    "2001:0:53aa:64c:0:0:80ff:fffe",  # Teredo
]
PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host.example/x", "begins with https"),
        ("https://", "begins with https"),
        ("nonsense", "begins with https"),
        ("https://host.example:0/", "begins with https"),
        ("https://host.example:99999/", "no web address"),
        ("https://[::1", "no web address"),
        ("https://ann:secret@host.example/", "user name or password"),
        ("http://host.example/", "Only addresses that begin with https"),
        ("https://127.0.0.1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://169.254.169.254/latest/meta-data/", "not public"),
    ],
)
def test_what_is_refused_at_sight(url: str, words: str) -> None:
    with pytest.raises(AddressRefused, match=words):
        require_callable(url)


@pytest.mark.parametrize("url", ["https://host.example/x?y=1", "https://host.example:8443/"])
def test_what_is_not(url: str) -> None:
    require_callable(url)


def test_where_it_is_allowed_the_own_network_is_called() -> None:
    require_callable("http://127.0.0.1:8080/", allow_private=True)
    assert resolve("localhost", 80, allow_private=True)


# Spellings of 127.0.0.1 that no parser of addresses knows, but the resolver does.
@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0"])
def test_what_a_name_stands_for_decides(host: str) -> None:
    with pytest.raises(AddressRefused, match=r"not public|not known"):
        resolve(host, 443)


def answering(*found: str) -> Any:
    return lambda *_, **__: [(2, 1, 6, "", (each, 443)) for each in found]


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering("1.1.1.1", "10.0.0.1"))
    with pytest.raises(AddressRefused, match=r"not public \(10\.0\.0\.1\)"):
        resolve("host.example", 443)


def test_a_name_that_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(AddressRefused, match=r"host\.example is not known"):
        resolve("host.example", 443)


def test_the_address_that_was_checked_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: str, *rest: Any, **options: Any) -> Any:
        """Answers differently the second time, as somebody's name server may."""
        if host == "rebinding.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    with receiver() as hook:
        port = httpx.URL(hook.url).port
        with httpx.Client(transport=CheckedTransport(allow_private=True)) as client:
            answer = client.post(f"http://rebinding.example:{port}/in", content=b"x")
        assert answer.status_code == 204
        assert hook.posts[0].headers["host"] == f"rebinding.example:{port}"
    assert len(asked) == 1


def test_the_transport_asks_before_it_connects() -> None:
    with receiver() as hook:
        url = hook.url.replace("http:", "https:")
        with (
            httpx.Client(transport=CheckedTransport()) as client,
            pytest.raises(AddressRefused, match="not public"),
        ):
            client.post(url)
        assert hook.posts == []


def test_certificates_are_those_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[httpx.Request] = []
    monkeypatch.setattr(addresses, "resolve", lambda *_, **__: ["93.184.215.14"])
    transport = CheckedTransport()

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    transport._plain = httpx.MockTransport(record)  # type: ignore[assignment]
    with httpx.Client(transport=transport) as client:
        client.post("https://host.example/in")
    assert seen[0].url.host == "93.184.215.14"
    assert seen[0].extensions["sni_hostname"] == "host.example"
    assert seen[0].headers["host"] == "host.example"
