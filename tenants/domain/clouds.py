"""Addresses of each Entra cloud (Microsoft's SCIM and Graph references)."""

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where a tenant of this cloud is reached: SCIM base, login authority host, token scope.

    `exchange` is the audience of assertions for federated credentials (Microsoft's reference of
    workload identity federation).
    """

    name: str
    label: str
    scim_base: str
    authority: str
    scope: str
    exchange: str


def _cloud(name: str, label: str, graph: str, login: str, exchange: str = "") -> Cloud:
    return Cloud(
        name,
        label,
        f"https://{graph}/rp/scim",
        f"https://{login}",
        f"https://{graph}/.default",
        f"api://AzureADTokenExchange{exchange}",
    )


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        _cloud("global", "Global", "graph.microsoft.com", "login.microsoftonline.com"),
        _cloud(
            "usgov",
            "US Government (GCC High)",
            "graph.microsoft.us",
            "login.microsoftonline.us",
            "USGov",
        ),
        _cloud(
            "dod",
            "US Government (DoD)",
            "dod-graph.microsoft.us",
            "login.microsoftonline.us",
            "USGov",
        ),
        _cloud(
            "china",
            "China (21Vianet)",
            "microsoftgraph.chinacloudapi.cn",
            "login.partner.microsoftonline.cn",
            "China",
        ),
        # The sandbox is addressed by each tenant's own URL; msal accepts only a production
        # authority, so the global one is named here and rewritten on the way out.
        _cloud("sandbox", "Sandbox", "graph.microsoft.com", "login.microsoftonline.com"),
    )
}


def may_be_sandbox(url: str, hosts: Container[str]) -> bool:
    """Whether a sandbox may live at this http(s) address: its host, or host:port, is listed.

    An engineer types the address and the portal sends requests to it: without a list that would be
    a way into whatever only the portal's host reaches, a cloud's metadata service for one.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    listed = host in hosts or f"{host}:{port}" in hosts
    return listed and parts.scheme in ("http", "https") and "@" not in parts.netloc
