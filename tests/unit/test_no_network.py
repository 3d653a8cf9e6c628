"""The suite reaches nothing but this machine's loopback interface, and this is the proof."""

import socket

import httpx
import pytest
from pytest_socket import SocketConnectBlockedError

# The refusal warns, too, and a warning is an error here: so nobody can catch it by mistake.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")
ELSEWHERE = [
    "192.0.2.1",  # documentation addresses (RFC 5737, RFC 3849): routed nowhere
    "198.51.100.7",
    "10.255.255.1",
    "0.0.0.0",
    "2001:db8::1",
]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_connection_to_another_machine_is_refused_by_the_suite(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(0.2)
        with pytest.raises(SocketConnectBlockedError):
            probe.connect((host, 443))


def test_the_http_client_is_refused_as_well():
    client = httpx.Client(verify=False, trust_env=False)
    with client, pytest.raises(SocketConnectBlockedError):
        client.get("http://192.0.2.1/rp/scim", timeout=0.2)


def test_loopback_is_open():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=1) as client,
    ):
        client.sendall(b"x")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b"x"
