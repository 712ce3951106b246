"""Headers that every answer carries, and what each page may load."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiohttp import web

_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}")

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For answers that are no page."""


def page_policy(request: web.Request, *, forms: bool = False, embedders: Sequence[str] = ()) -> str:
    """Content-Security-Policy of a page: only our own scripts and styles, nothing inline.

    `forms` lets it send forms to us; `embedders` are the origins that may show it in a frame.
    """
    # Browsers older than CSP 3 don't count a WebSocket of the same host as 'self', so it is named.
    sockets = f" ws://{request.host} wss://{request.host}" if _HOST.fullmatch(request.host) else ""
    ancestors = " ".join(["'self'", *embedders]) if embedders else "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "base-uri 'none'",
            "form-action 'self'" if forms else "form-action 'none'",
            f"frame-ancestors {ancestors}",
        )
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what a handler has set stays."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", NOTHING)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # With no-referrer browsers would send "Origin: null" with our own forms.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    if "frame-ancestors 'none'" in headers["Content-Security-Policy"]:
        headers.setdefault("X-Frame-Options", "DENY")
