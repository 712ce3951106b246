"""Files of messages, under addresses that expire.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit


@dataclass(slots=True)
class Attachment:
    """One file; `size` is what is announced."""

    id: int
    channel_id: int
    filename: str
    content: bytes
    size: int
    content_type: str
    cdn: Cdn
    description: str = ""
    duration: float = 0.0
    """Seconds, for a voice message."""
    picture: tuple[int, int] | None = None
    ephemeral: bool = False

    @property
    def path(self) -> str:
        return f"/attachments/{self.channel_id}/{self.id}/{quote(self.filename)}"

    def json(self) -> dict[str, Any]:
        url = self.cdn.sign(self.path)
        out: dict[str, Any] = {
            "id": str(self.id),
            "filename": self.filename,
            "size": self.size,
            "url": url,
            "proxy_url": url,
            "content_type": self.content_type,
        }
        if self.description:
            out["description"] = self.description
        if self.duration:
            out |= {"duration_secs": self.duration, "waveform": "AAAA"}
        if self.picture:
            out["width"], out["height"] = self.picture
        if self.ephemeral:
            out["ephemeral"] = True
        return out


class Cdn:
    """Signs addresses and gives files; `lifetime` in seconds."""

    def __init__(self, lifetime: float = 24 * 3600) -> None:
        self.base = ""
        self.lifetime = lifetime
        self.files: dict[str, Attachment] = {}
        self._key = b"a key that nobody needs to guess"

    def sign(self, path: str) -> str:
        """The address of a file for as long as `lifetime` from now."""
        now = time.time()
        ex, issued = int(now + self.lifetime), int(now)
        return f"{self.base}{path}?ex={ex:x}&is={issued:x}&hm={self._mark(path, ex, issued)}&"

    def find(self, path: str, query: str) -> Attachment | None:
        """The file of an address that is whole and not expired."""
        given = parse_qs(query)
        try:
            ex, issued, mark = int(given["ex"][0], 16), int(given["is"][0], 16), given["hm"][0]
        except (KeyError, ValueError):
            return None
        if time.time() >= ex or not hmac.compare_digest(mark, self._mark(path, ex, issued)):
            return None
        return self.files.get(unquote(path))

    def refreshed(self, url: str) -> str | None:
        """The same file's address with a later end."""
        path = urlsplit(url).path
        return self.sign(path) if unquote(path) in self.files else None

    def keep(self, attachment: Attachment) -> Attachment:
        self.files[unquote(attachment.path)] = attachment
        return attachment

    def _mark(self, path: str, ex: int, issued: int) -> str:
        return hmac.digest(self._key, f"{path}{ex:x}{issued:x}".encode(), "sha256").hex()
