"""Who may use the control page and the control API: this machine, and no web page of another site.

Neither has a login, so a browser must not become somebody's remote hand: the connection comes from
loopback, `Host` names loopback (a rebound DNS name does not), and a request that changes something
comes from a page of this server or from no page at all.
"""

import ipaddress

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Request

_READS = ("GET", "HEAD")


def check(request: Request) -> None:
    """ControlError 403 says what is wrong with where a request comes from."""
    if not _is_loopback(request.client):
        raise ControlError(403, "The control API answers on loopback only.")
    host = request.headers.get("host", "")
    if not _names_loopback(host):
        raise ControlError(403, "Host must be localhost or a loopback address, such as 127.0.0.1.")
    if request.method not in _READS:
        _check_origin(request, host)


def _check_origin(request: Request, host: str) -> None:
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or origin not in (None, f"http://{host}"):
        raise ControlError(403, "Refused: the request was sent by a web page of another site.")


def _names_loopback(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower() == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
