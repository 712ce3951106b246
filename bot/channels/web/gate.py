"""Who is asking: the origin of a page, the address of a browser, and whether it came over https."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp import web

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class Gate:
    """Judges requests by origin and address.

    `origins` are further origins that may use the chat (`https://shop.example`); the page's own is always
    welcome. `public_url` is the address under which people reach us, where a proxy stands before us.
    `proxies` are the addresses of proxies whose X-Forwarded-* headers are believed.
    """

    def __init__(
        self, *, origins: Collection[str] = (), public_url: str = "", proxies: Collection[str] = ()
    ) -> None:
        self.origins = tuple(dict.fromkeys(filter(None, map(_origin, origins))))
        self._public = _origin(public_url)
        self._proxies = frozenset(proxies)

    def welcomes(self, request: web.Request) -> bool:
        """Whether the page that asks is our own or on the list; a request without an origin is not."""
        origin = _origin(request.headers.get("Origin", ""))
        return bool(origin) and (origin in self.origins or self.is_own(request))

    def is_own(self, request: web.Request) -> bool:
        """Whether the page that asks was served by us."""
        origin = _origin(request.headers.get("Origin", ""))
        if not origin:
            return False
        return origin == self._public or urlsplit(origin).netloc == request.host.lower()

    def address(self, request: web.Request) -> str:
        """The browser's address: the peer, or what the trusted proxy nearest to us says of it."""
        peer = request.remote or ""
        if peer not in self._proxies:
            return peer
        hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
        outside = [hop for hop in hops if hop and hop not in self._proxies]
        return outside[-1] if outside else peer

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser reached us over https."""
        if request.secure or self._public.startswith("https://"):
            return True
        believed = (request.remote or "") in self._proxies
        return believed and request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"

    def is_local(self, request: web.Request) -> bool:
        """Whether this very machine asks, by a local name and through no proxy.

        The name matters too: a hostile page whose name was pointed at 127.0.0.1 would pass by address alone.
        """
        if any(name in request.headers for name in FORWARDED):
            return False
        return is_loopback(request.remote or "") and is_loopback(urlsplit(f"//{request.host}").hostname or "")


def household(address: str) -> str:
    """What an address is limited as: of IPv6 its first 64 bits, for whoever has one address has all of those.

    https://www.rfc-editor.org/rfc/rfc6177
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Network((int(ip) >> 64 << 64, 64)))


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(url: str) -> str:
    """Scheme, host and unusual port of an address, in lower case; an empty text for anything else."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")
