"""Pictures of answers, served under an address that carries their content's hash."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from urllib.parse import quote

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
}
LARGEST = 10 * 1024 * 1024
"""What Telegram takes as a photo; a picture that fits there fits here."""


class MediaFolder:
    """Reads pictures below the instance's folder; only who was sent a picture knows its hash."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    async def url(self, image: str) -> str:
        """Address of a picture below the folder, or '' when there is none such."""
        found = await asyncio.to_thread(self._read, image)
        return f"/media/{_hash(found[0])}/{quote(image)}" if found else ""

    async def open(self, content_hash: str, image: str) -> tuple[bytes, str] | None:
        """Content and media type of a picture, if its content still has this hash."""
        found = await asyncio.to_thread(self._read, image)
        return found if found and _hash(found[0]) == content_hash else None

    def _read(self, image: str) -> tuple[bytes, str] | None:
        media_type = MEDIA_TYPES.get(Path(image).suffix.lower())
        if not image or media_type is None or "\x00" in image:
            return None
        path = (self._root / image).resolve()
        if not path.is_relative_to(self._root) or any(part.startswith(".") for part in Path(image).parts):
            return None
        try:
            if path.stat().st_size > LARGEST:
                return None
            return path.read_bytes(), media_type
        except OSError:
            return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]
