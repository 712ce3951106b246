"""Pictures below the instance's folder, and nothing else of it."""

from pathlib import Path

import pytest

from bot.channels.web import MediaFolder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "faq" / "images").mkdir(parents=True)
    (home / "faq" / "images" / "café uno.png").write_bytes(b"picture")
    (home / ".hidden.png").write_bytes(b"hidden")
    (home / "config.yml").write_bytes(b"secret")
    (tmp_path / "outside.png").write_bytes(b"outside")
    (home / "link.png").symlink_to(tmp_path / "outside.png")
    return home


async def test_a_picture_has_an_address_that_opens_it(folder: Path) -> None:
    media = MediaFolder(folder)
    url = await media.url("faq/images/café uno.png")
    _, _, content_hash, path = url.split("/", 3)
    assert path == "faq/images/caf%C3%A9%20uno.png"
    assert await media.open(content_hash, "faq/images/café uno.png") == (b"picture", "image/png")
    (folder / "faq/images/café uno.png").write_bytes(b"another")
    assert await media.open(content_hash, "faq/images/café uno.png") is None


@pytest.mark.parametrize(
    "image",
    ["", "../outside.png", "/etc/passwd", "config.yml", ".hidden.png", "link.png", "no.png", "a\0.png"],
)
async def test_nothing_else_has_one(folder: Path, image: str) -> None:
    assert await MediaFolder(folder).url(image) == ""
