"""The web page's address: free to listen on, and safe to reach from outside."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from bot.channels.web.gate import is_loopback
from bot.doctor.finding import Finding, found
from bot.settings import Settings
from bot.store.engine import database_path
from bot.store.lock import holder

PATIENCE = 5.0


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the web page can listen where it should, unless our own bot already does."""
    host, number = settings.web_host, settings.web_port
    try:
        kind, type_, protocol, _, address = socket.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        yield found("host_unknown", host=host)
        return
    with socket.socket(kind, type_, protocol) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                who = _listener(number)
                if not (who and who.split()[0] == str(_running(settings))):
                    yield found("port_taken", host=host, port=number, who=who or "?")
            elif error.errno == errno.EACCES:
                yield found("port_privileged", port=number)
            else:
                yield found("host_unknown", host=host)


def addresses(settings: Settings) -> Iterator[Finding]:
    """Settings about the way from outside that cannot be meant, or that show members' words to others."""
    for proxy in settings.web_proxies:
        if not _is_address(proxy):
            yield found("proxy_bad", value=proxy)
    for origin in settings.web_origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            yield found("origin_bad", value=origin)
    parts = urlsplit(settings.web_public_url)
    secure = parts.scheme == "https"
    if settings.web_public_url and (parts.scheme not in ("http", "https") or not parts.hostname):
        yield found("public_url_bad", value=settings.web_public_url)
    elif settings.web_public_url and not secure and not is_loopback(parts.hostname or ""):
        yield found("public_url_insecure", value=settings.web_public_url)
    if secure and not settings.web_proxies:
        yield found("proxies_missing")
    if settings.staff_remote and not secure and not is_loopback(settings.web_host) and not _in_container():
        yield found("staff_remote_insecure", host=settings.web_host)


def staff(settings: Settings) -> Iterator[Finding]:
    """Whether anybody hears of a case where members write."""
    tokens = (settings.telegram_token, settings.discord_token)
    if any(token.get_secret_value() for token in tokens) and not _staff_places(settings):
        yield found("staff_nowhere")


async def outside(settings: Settings, session: aiohttp.ClientSession) -> list[Finding]:
    """Whether members reach the web chat under its public address, while the bot runs."""
    url = settings.web_public_url.rstrip("/")
    if not url or _running(settings) is None:
        return []
    try:
        async with session.get(f"{url}/health/live") as answer:
            document = await answer.json(content_type=None) if answer.status == 200 else None
            problem = "" if document == {"alive": True} else f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        problem = type(error).__name__
    return [found("public_url_unreachable", value=url, problem=problem)] if problem else []


def _staff_places(settings: Settings) -> list[str]:
    return [
        value
        for name in Settings.model_fields
        if name.endswith(("_staff_chat", "_staff_channel")) and (value := str(getattr(settings, name)))
    ]


def _running(settings: Settings) -> int | None:
    """The process that runs on this database, if any."""
    if not settings.database.startswith("sqlite"):
        return None
    try:
        return holder(database_path(settings.database))
    except OSError:
        return None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        try:
            ip_network(text, strict=False)
        except ValueError:
            return False
    return True


def _in_container() -> bool:
    """Whether the address that we listen on is a container's own, behind a published port.

    Container managers, and our Dockerfile, say so: https://systemd.io/CONTAINER_INTERFACE
    """
    return bool(os.environ.get("container"))  # noqa: SIM112 # its name by that convention


def _listener(number: int) -> str:
    """`pid (name)` of who listens on a port, '' where it cannot be found out."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == number:
                inodes.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if any(os.readlink(handle) in inodes for handle in (folder / "fd").iterdir()):
                return f"{folder.name} ({(folder / 'comm').read_text(encoding='utf-8').strip()})"
        except OSError:
            continue
    return ""
