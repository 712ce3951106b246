"""Which language a page speaks."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from bot.domain import Lang


def choose(request: web.Request, offered: Sequence[Lang], *, cookie: str = "") -> Lang:
    """The first offered language that the address asks for, a cookie remembers or the browser accepts;
    else the first offered."""
    wishes = [request.query.get("lang", ""), request.cookies.get(cookie, "") if cookie else ""]
    for wish in [*wishes, *accepted(request.headers.get("Accept-Language", ""))]:
        if (lang := Lang(wish.lower().partition("-")[0])) in offered:
            return lang
    return offered[0]


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, those wanted most first (RFC 9110, 12.5.4)."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            weighted.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
