"""Static files, held in memory and served under an address that changes with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """The files of `static/`. They share one hash, so that modules can import each other by relative name."""

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, bytes] = {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES
        }
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Address of a file; KeyError for one that isn't there, which is a mistake in a template."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def content(self, name: str) -> bytes:
        return self._files[name]

    async def serve(self, request: web.Request) -> web.Response:
        """A file; under an address of another version it is the present one, and not to be kept."""
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        current = request.match_info["version"] == self.version
        return web.Response(
            body=self._files[name],
            headers={
                "Content-Type": TYPES[Path(name).suffix],
                "Cache-Control": FOREVER if current else "no-store",
            },
        )
