"""Addresses that people enter and the portal calls: never into the network it stands in.

A name is resolved once for each request, every address it has is judged, and the connection goes
to one of those, so that DNS cannot answer differently in between. Proxies of the environment are
not used: they would resolve the name themselves.

    AddressRefused       the address is not one the portal calls; str() says why
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address
# Azure's wire server, which answers on a public address, but only inside.
_INSIDE = frozenset({ipaddress.ip_address("168.63.129.16")})
# Addresses that carry an IPv4 address in their last 32 bits (RFC 6052, RFC 4291).
_EMBEDDING = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
_TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32", "64:ff9b:1::/48")))
_PORTS = {"https": 443, "http": 80}


class AddressRefused(Exception):
    """Not an address the portal calls; str() is a sentence for a person."""


def require_callable(url: str, *, allow_private: bool = False) -> None:
    """Raise AddressRefused for what can be seen from an address itself, without asking DNS."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is no web address.") from error
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise AddressRefused("This is no web address: it begins with https:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address must not hold a user name or password.")
    if parts.scheme != "https" and not allow_private:
        raise AddressRefused("Only addresses that begin with https:// are called.")
    literal = _literal(parts.hostname)
    if literal is not None and not allow_private:
        _require_public(literal, parts.hostname)


def is_public(address: str) -> bool:
    """Whether an IP address is anybody's on the internet, and not one of this network or host."""
    ip: _IP = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip)
    if inner is not None:
        return is_public(str(inner))
    if any(ip in network for network in _TUNNELS if network.version == ip.version):
        return False
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback
    return ip.is_global and not special and ip not in _INSIDE


def resolve(host: str, port: int, *, allow_private: bool = False) -> list[str]:
    """The host's IP addresses; raises AddressRefused when one of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"The name {host} is not known.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise AddressRefused(f"The name {host} has no address.")
    if not allow_private:
        for address in addresses:
            _require_public(ipaddress.ip_address(address.partition("%")[0]), host)
    return addresses


class CheckedTransport(httpx.BaseTransport):
    """Checks an address when it is called, and connects to the IP address that was checked.

    Certificates are still those of the name. Redirects are no business of a transport: use a client
    with `follow_redirects=False`, `trust_env=False`.
    """

    def __init__(self, *, allow_private: bool = False, **options: Any) -> None:
        self._allow_private = allow_private
        self._plain = httpx.HTTPTransport(trust_env=False, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send; raises AddressRefused."""
        url = request.url
        require_callable(str(url), allow_private=self._allow_private)
        port = url.port or _PORTS[url.scheme]
        address = resolve(url.host, port, allow_private=self._allow_private)[0]
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        # The Host header was set from the name before.
        request.url = url.copy_with(host=address)
        return self._plain.handle_request(request)

    def close(self) -> None:
        """Close its connections."""
        self._plain.close()


def _literal(host: str) -> _IP | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _embedded(ip: _IP) -> ipaddress.IPv4Address | None:
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    carries = any(ip in network for network in _EMBEDDING) and int(ip) > 1
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if carries else None


def _require_public(ip: _IP, host: str) -> None:
    if not is_public(str(ip)):
        raise AddressRefused(f"{host} is in a network that is not public ({ip}).")
