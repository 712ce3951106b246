"""Telegram's HTML: what the member sees, and the errors for what it does not take.

The tags and the words of the errors are those of https://core.telegram.org/bots/api#html-style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.fakes.telegram.errors import bad_request

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
"""The only named entities that Telegram knows; any other stays as written."""

_TAG = re.compile(
    r"<(/?)([a-zA-Z0-9-]*)((?:\s+[a-zA-Z0-9-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)\s*>"
)
_ATTRIBUTE = re.compile(r"([a-zA-Z0-9-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
_CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));")
_DETECTED = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w+)?)|(?P<mention>(?<!\w)@\w{4,})|(?P<url>https?://\S+)"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text with a meaning; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""

    def json(self) -> dict[str, object]:
        out: dict[str, object] = {"type": self.type, "offset": self.offset, "length": self.length}
        if self.url:
            out["url"] = self.url
        if self.language:
            out["language"] = self.language
        return out


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text) if not text.isascii() else len(text)


def detect(text: str) -> list[Entity]:
    """The entities that Telegram finds by itself in what a member writes: commands, mentions, addresses."""
    return [
        Entity(match.lastgroup or "", units(text[: match.start()]), units(match[0]))
        for match in _DETECTED.finditer(text)
    ]


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Text without tags, and its entities; raises 400 "can't parse entities" with the byte offset."""
    out: list[str] = []
    length = 0
    found: list[Entity] = []
    open_tags: list[tuple[str, int, int, dict[str, str]]] = []
    at = 0
    while at < len(source):
        character = source[at]
        if character == "&" and (match := _CHARACTER.match(source, at)):
            text = _named(match)
            at = match.end()
        elif character == "<":
            match = _TAG.match(source, at)
            offset = len(source[:at].encode())
            if not match:
                name = re.match(r"</?([^\s>]*)", source[at:])
                raise _unparsable(
                    f'Unsupported start tag "{name[1] if name else ""}" at byte offset {offset}'
                )
            at = match.end()
            name_ = match[2].lower()
            if match[1]:
                found.append(_close(open_tags, name_, offset, length, "".join(out)))
            else:
                open_tags.append((name_, length, offset, _attributes(name_, match[3], offset)))
            continue
        else:
            end = at + 1
            while end < len(source) and source[end] not in "<&":
                end += 1
            text = source[at:end]
            at = end
        out.append(text)
        length += units(text)
    if open_tags:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    return _trim("".join(out), [entity for entity in found if entity.length])


def _unparsable(reason: str) -> Exception:
    return bad_request(f"can't parse entities: {reason}")


def _named(match: re.Match[str]) -> str:
    if match[3]:
        return NAMED.get(match[3], match[0])
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code) if 0 < code < 0x10FFFF else match[0]


def _attributes(name: str, written: str, offset: int) -> dict[str, str]:
    values = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(written)}
    values = {key: _CHARACTER.sub(_named, value) for key, value in values.items()}
    if name not in TAGS:
        raise _unparsable(f'Unsupported start tag "{name}" at byte offset {offset}')
    if name == "span" and values.get("class") != "tg-spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    return values


def _close(
    open_tags: list[tuple[str, int, int, dict[str, str]]], name: str, offset: int, end: int, text: str
) -> Entity:
    if not open_tags:
        raise _unparsable(f"Unexpected end tag at byte offset {offset}")
    opened, start, _, attributes = open_tags.pop()
    if name and name != opened:
        raise _unparsable(
            f'Unmatched end tag at byte offset {offset}, expected "</{opened}>", found "</{name}>"'
        )
    kind = TAGS[opened]
    if opened == "a" and not attributes.get("href", "").lower().startswith(("http://", "https://", "tg://")):
        return Entity("url", start, 0)  # Telegram shows the label alone
    return Entity(
        kind,
        start,
        end - start,
        url=attributes.get("href", ""),
        language=attributes.get("class", "").removeprefix("language-") if opened == "code" else "",
    )


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Telegram cuts white space at both ends, and moves the entities with it."""
    left = len(text) - len(text.lstrip())
    trimmed = text.strip()
    size = units(trimmed)
    kept = []
    for entity in sorted(entities, key=lambda e: (e.offset, -e.length)):
        start = max(0, entity.offset - left)
        end = min(size, entity.offset + entity.length - left)
        if end > start:
            kept.append(Entity(entity.type, start, end - start, entity.url, entity.language))
    return trimmed, kept
