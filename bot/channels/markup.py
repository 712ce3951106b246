"""Light Markdown as each platform shows it; everything that is no markup comes out as written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_LINK = re.compile(r"(?:https?|tg)://[^\s]+|mailto:[^\s@]+@[^\s@]+|tel:\+?[\d-]+", re.IGNORECASE)
"""Addresses that may become links; a link to anything else is shown as text."""


REMEMBERED = 512
"""Renderings kept of each kind: a brand says the same few hundred texts over and over."""


@lru_cache(REMEMBERED)
def telegram_html(markdown: str) -> str:
    """HTML with Telegram's tags only: https://core.telegram.org/bots/api#html-style"""
    return _render(markdown, _Telegram())


@lru_cache(REMEMBERED)
def plain(markdown: str) -> str:
    """Text without markup; a link keeps its address in brackets."""
    return _render(markdown, _Plain())


@lru_cache(REMEMBERED)
def visible(markdown: str) -> str:
    """Text as a reader sees it in Telegram: what its limits count, without the addresses of links."""
    return _render(markdown, _Visible())


@lru_cache(REMEMBERED)
def discord_markdown(markdown: str) -> str:
    """Discord's own Markdown: https://support.discord.com/hc/articles/210298617"""
    return _render(markdown, _Discord())


@lru_cache(REMEMBERED)
def discord_plain(text: str) -> str:
    """Text that Discord shows exactly as it is written: nothing in it is markup or names anybody."""
    return _line_starts(_escaped(text))


@lru_cache(REMEMBERED)
def web_html(markdown: str) -> str:
    """Safe HTML for our own pages: no raw HTML passes, links open apart and tell the target nothing."""
    return _render(markdown, _Web())


class _Dialect(Protocol):
    """How one platform writes each thing; all arguments but `text` are already in the dialect."""

    gap: str
    line: str

    def text(self, text: str) -> str: ...
    def bold(self, inner: str) -> str: ...
    def italic(self, inner: str) -> str: ...
    def strike(self, inner: str) -> str: ...
    def code(self, text: str) -> str: ...
    def link(self, inner: str, address: str) -> str: ...
    def paragraph(self, inner: str) -> str: ...
    def heading(self, inner: str) -> str: ...
    def block(self, text: str) -> str: ...
    def quote(self, inner: str) -> str: ...
    def rule(self) -> str: ...
    def items(self, items: list[str], first: int | None) -> str: ...


class _Visible:
    """Without any tags."""

    gap, line = "\n\n", "\n"

    def text(self, text: str) -> str:
        return text

    def bold(self, inner: str) -> str:
        return inner

    italic = strike = paragraph = heading = quote = bold

    def code(self, text: str) -> str:
        return self.text(text)

    def block(self, text: str) -> str:
        return self.text(text.rstrip("\n"))

    def link(self, inner: str, address: str) -> str:
        return inner if _tappable(address) else _beside(inner, address)

    def rule(self) -> str:
        return "———"

    def items(self, items: list[str], first: int | None) -> str:
        marked = []
        for index, item in enumerate(items):
            mark = "•" if first is None else f"{first + index}."
            marked.append(f"{mark} " + item.replace("\n", "\n  "))
        return "\n".join(marked)


class _Plain(_Visible):
    """As `_Visible`, and a link shows where it leads."""

    def link(self, inner: str, address: str) -> str:
        return _beside(inner, address)


class _Telegram(_Visible):
    """Telegram's own tags; lists are written with bullets, headings are bold."""

    def text(self, text: str) -> str:
        return html.escape(text, quote=False)

    def bold(self, inner: str) -> str:
        return f"<b>{inner}</b>"

    def heading(self, inner: str) -> str:
        return self.bold(inner)

    def italic(self, inner: str) -> str:
        return f"<i>{inner}</i>"

    def strike(self, inner: str) -> str:
        return f"<s>{inner}</s>"

    def code(self, text: str) -> str:
        return f"<code>{self.text(text)}</code>"

    def block(self, text: str) -> str:
        return f"<pre>{self.text(text.rstrip())}</pre>"

    def quote(self, inner: str) -> str:
        # Telegram takes no quote within a quote
        flat = inner.replace("<blockquote>", "").replace("</blockquote>", "")
        return f"<blockquote>{flat}</blockquote>"

    def link(self, inner: str, address: str) -> str:
        if not _tappable(address):
            return _beside(inner, html.escape(address, quote=False))
        return f'<a href="{html.escape(address)}">{inner}</a>'


class _Discord(_Visible):
    """Discord's Markdown; headings are bold, lists are written with bullets, links are masked."""

    def text(self, text: str) -> str:
        return _escaped(text)

    def bold(self, inner: str) -> str:
        return f"**{inner}**"

    def heading(self, inner: str) -> str:
        return self.bold(inner)

    def italic(self, inner: str) -> str:
        return f"*{inner}*"

    def strike(self, inner: str) -> str:
        return f"~~{inner}~~"

    def code(self, text: str) -> str:
        fence = "``" if "`" in text else "`"
        pad = " " if "`" in text else ""
        return f"{fence}{pad}{text}{pad}{fence}"

    def block(self, text: str) -> str:
        inside = text.rstrip("\n").replace("```", "`\u200b``")
        return f"```\n{inside}\n```"

    def paragraph(self, inner: str) -> str:
        return _line_starts(inner)

    def quote(self, inner: str) -> str:
        # Discord takes no quote within a quote
        return "\n".join(f"> {line.removeprefix('> ')}" for line in inner.split("\n"))

    def link(self, inner: str, address: str) -> str:
        if not address.lower().startswith(("http://", "https://")):
            return _beside(inner, _escaped(address.removeprefix("mailto:").removeprefix("tel:")))
        return address if inner in (address, _escaped(address)) else f"[{inner}](<{address}>)"


_ADDRESS = re.compile(r"https?://[^\s<>]+")
_DISCORD_SIGNS = re.compile(r"([\\*_~`|<\[\]])")
_DISCORD_STARTS = re.compile(r"^(\s*)(#{1,3} |-# |>|[-+] )", re.MULTILINE)


def _escaped(text: str) -> str:
    """The signs that Discord reads within a line; addresses stay as they are, else they lead elsewhere."""
    out, end = [], 0
    for match in _ADDRESS.finditer(text):
        out += [_DISCORD_SIGNS.sub(r"\\\1", text[end : match.start()]), match[0]]
        end = match.end()
    return "".join((*out, _DISCORD_SIGNS.sub(r"\\\1", text[end:])))


def _line_starts(text: str) -> str:
    """The signs that Discord reads at the start of a line."""
    return _DISCORD_STARTS.sub(r"\1\\\2", text)


class _Web:
    """HTML as our web chat and inbox show it."""

    gap, line = "\n", "<br>\n"

    def text(self, text: str) -> str:
        return html.escape(text)

    def bold(self, inner: str) -> str:
        return f"<strong>{inner}</strong>"

    def italic(self, inner: str) -> str:
        return f"<em>{inner}</em>"

    def strike(self, inner: str) -> str:
        return f"<s>{inner}</s>"

    def code(self, text: str) -> str:
        return f"<code>{self.text(text)}</code>"

    def link(self, inner: str, address: str) -> str:
        safe = html.escape(address)
        return f'<a href="{safe}" target="_blank" rel="noopener noreferrer nofollow">{inner}</a>'

    def paragraph(self, inner: str) -> str:
        return f"<p>{inner}</p>"

    def heading(self, inner: str) -> str:
        return f"<p><strong>{inner}</strong></p>"

    def block(self, text: str) -> str:
        return f"<pre><code>{self.text(text)}</code></pre>"

    def quote(self, inner: str) -> str:
        return f"<blockquote>{inner}</blockquote>"

    def rule(self) -> str:
        return "<hr>"

    def items(self, items: list[str], first: int | None) -> str:
        tag, start = ("ul", "") if first is None else ("ol", f' start="{first}"' if first != 1 else "")
        return f"<{tag}{start}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{tag}>"


def _tappable(address: str) -> bool:
    """Whether Telegram makes a link of it; of a mail address or a number it would show the label only."""
    return address.lower().startswith(("http://", "https://", "tg://"))


def _beside(inner: str, address: str) -> str:
    """The label with its address in brackets, or once where both are the same."""
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    return inner if inner in (address, shown) else f"{inner} ({shown})"


def _parser() -> MarkdownIt:
    """CommonMark without what surprises people who write chat messages.

    Indented lines are no code, a line of dashes does not make a heading of the one above, pictures and
    raw HTML are text. Struck words are known.
    """
    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable(["code", "lheading", "html_block", "html_inline", "image", "reference"])
    return parser.enable("strikethrough")


_MARKDOWN = _parser()


def _render(markdown: str, dialect: _Dialect) -> str:
    return _blocks(SyntaxTreeNode(_MARKDOWN.parse(markdown)).children, dialect)


def _blocks(nodes: list[SyntaxTreeNode], dialect: _Dialect) -> str:
    out: list[str] = []
    end = -1
    for node in nodes:
        start = node.map[0] if node.map else 0
        if out:
            # lines that touch in the source touch on the screen
            out.append(dialect.line if start == end and dialect.gap == "\n\n" else dialect.gap)
        out.append(_block(node, dialect))
        end = _end(node)
    return "".join(out)


def _end(node: SyntaxTreeNode) -> int:
    """The line after the last one with content; a list's own range takes the blank lines below it along."""
    inner = [child for child in node.children if child.map]
    return _end(inner[-1]) if inner else (node.map[1] if node.map else 0)


def _block(node: SyntaxTreeNode, dialect: _Dialect) -> str:
    match node.type:
        case "paragraph":
            inner = _inlines(node.children, dialect)
            # in a tight list the paragraph has no tags of its own
            return inner if node.hidden else dialect.paragraph(inner)
        case "heading":
            return dialect.heading(_inlines(node.children, dialect))
        case "fence" | "code_block":
            return dialect.block(node.content)
        case "blockquote":
            return dialect.quote(_blocks(node.children, dialect))
        case "hr":
            return dialect.rule()
        case "bullet_list" | "ordered_list":
            first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
            return dialect.items([_blocks(item.children, dialect) for item in node.children], first)
        case _:
            return dialect.text(node.content)


def _inlines(nodes: list[SyntaxTreeNode], dialect: _Dialect) -> str:
    return "".join(_inline(node, dialect) for node in nodes)


def _inline(node: SyntaxTreeNode, dialect: _Dialect) -> str:
    wraps: dict[str, Callable[[str], str]] = {
        "strong": dialect.bold,
        "em": dialect.italic,
        "s": dialect.strike,
    }
    match node.type:
        case "inline":
            return _inlines(node.children, dialect)
        case "softbreak" | "hardbreak":
            return dialect.line
        case "code_inline":
            return dialect.code(node.content)
        case "link":
            inner = _inlines(node.children, dialect)
            address = str(node.attrs.get("href", ""))
            return dialect.link(inner, address) if inner and _LINK.fullmatch(address) else inner
        case kind if kind in wraps:
            return wraps[kind](_inlines(node.children, dialect))
        case _:
            return dialect.text(node.content)
