"""What a file is by its first bytes, whatever it claims: nothing is opened, unpacked or run to find out.

Signatures: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and the formats' own papers.
"""

from __future__ import annotations

import re
from struct import error, unpack

UNKNOWN = "application/octet-stream"
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Pictures of dots, which carry no script: the only ones that a page may show."""
MOST_DOTS = 40_000_000
"""Width times height of a picture that a page shows: a small file may unfold to gigabytes."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"#!",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
"""Windows, Linux, Java and Mac programs, scripts, and Windows shortcuts."""
_PROGRAM_NAME = re.compile(
    r"\.(?:exe|com|scr|pif|bat|cmd|ps1|psm1|vbs?|vbe|jse?|wsf|wsh|hta|msi|msp|msix|appx|lnk|reg|cpl|dll|jar|apk|ipa|"
    r"dmg|pkg|app|deb|rpm|sh|bash|command|desktop|iso|img|vhdx?|docm|xlsm|pptm|xll|scf|url|chm)[\s.]*$",
    re.IGNORECASE,
)


def sniff(content: bytes) -> str:
    """The media type that the content itself shows; `application/octet-stream` for any other."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content[:4] == b"RIFF" and content[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if content[8:12] == b"WEBP" else "audio/wav"
    if content[4:8] == b"ftyp":
        return "image/heic" if content[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    return UNKNOWN


def is_program(content: bytes, name: str) -> bool:
    """Whether a computer may run it at a double click, by what it is or by what it is called."""
    return content.startswith(_PROGRAMS) or _PROGRAM_NAME.search(name) is not None


def picture(content: bytes) -> str:
    """The media type of a picture that a page may show, '' for everything else."""
    kind = sniff(content)
    if kind not in PICTURES:
        return ""
    size = _size(kind, content)
    return kind if size is not None and 0 < size[0] * size[1] <= MOST_DOTS else ""


def _size(kind: str, content: bytes) -> tuple[int, int] | None:
    """Width and height as the header says; None where it cannot be read."""
    try:
        match kind:
            case "image/png":
                width, height = unpack(">II", content[16:24])
            case "image/gif":
                width, height = unpack("<HH", content[6:10])
            case "image/webp":
                return _webp(content)
            case _:
                return _jpeg(content)
    except (error, IndexError):
        return None
    return width, height


def _webp(content: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    match content[12:16]:
        case b"VP8X":
            width, height = content[24:27], content[27:30]
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = unpack("<HH", content[26:30])
            return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """The first frame header's; https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.2"""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None
