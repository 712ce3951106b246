"""What a file is by its bytes; what could run or unfolds to gigabytes is found by its header."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.sniffing import UNKNOWN, is_program, picture, sniff


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + pack(">II", width, height)


def jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + pack(">HH", height, width) + b"\x03"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(1, 1), "image/png"),
        (jpeg(1, 1), "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8X", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"<svg onload=alert(1)>", UNKNOWN),
        (b"<!DOCTYPE html><script>", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_the_content_tells_what_it_is(content: bytes, kind: str) -> None:
    assert sniff(content) == kind


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\x00", "boleta.pdf"),
        (b"\x7fELF", "foto"),
        (b"#!/bin/sh\nrm -rf /", "nota.txt"),
        (b"%PDF-1.4", "boleta.pdf.exe"),
        (b"x", "boleta.EXE . "),
        (b"x", "macro.docm"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "carpeta"),
    ],
)
def test_what_could_run_is_known_by_content_or_by_name(content: bytes, name: str) -> None:
    assert is_program(content, name)


@pytest.mark.parametrize("name", ["boleta.pdf", "foto.jpg", "planilla.xlsx", "exe", "informe.exe.pdf", ""])
def test_everyday_files_are_no_programs(name: str) -> None:
    assert not is_program(b"%PDF-1.4", name)


def test_only_pictures_of_a_sane_size_are_shown() -> None:
    assert picture(png(4000, 3000)) == "image/png"
    assert picture(jpeg(4000, 3000)) == "image/jpeg"
    assert picture(b"GIF89a" + pack("<HH", 20, 20)) == "image/gif"
    vp8x = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x13\x00\x00\x13\x00\x00"
    assert picture(vp8x) == "image/webp"
    for bomb in (png(60_000, 60_000), jpeg(65_535, 65_535), b"GIF89a\xff\xff\xff\xff", png(0, 9)):
        assert picture(bomb) == ""
    for other in (b"<svg/>", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x00"):
        assert picture(other) == ""


@given(
    st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF"])
)
def test_no_content_makes_it_fail(content: bytes, head: bytes) -> None:
    assert sniff(head + content)
    assert picture(head + content) in ("", "image/jpeg", "image/png", "image/gif", "image/webp")
