"""The chat page, the widget that embeds it, and the pictures and files that it shows."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from aiohttp import web

from bot.channels.base import FileSource
from bot.channels.web import Gate, MediaFolder, WebChannel
from bot.domain import Button, Lang
from bot.web.assets import FOREVER
from bot.web.language import choose
from bot.web.rendering import Renderer
from bot.web.security import NOTHING, page_policy
from bot.web.site import Site
from bot.web.texts import CHAT_LANGUAGES, chat_texts
from bot.web.theme import stylesheet

LANGUAGE_NAMES = {"es": "Español", "en": "English", "pt": "Português"}
BRIEFLY = "public, max-age=300"
SHORTEST_SECRET = 20


class ChatPages:
    """What a member's browser asks for."""

    def __init__(
        self,
        *,
        site: Callable[[], Site],
        channel: WebChannel,
        gate: Gate,
        renderer: Renderer,
        media: MediaFolder | None = None,
        files: FileSource | None = None,
    ) -> None:
        self._site, self._channel, self._gate, self._renderer = site, channel, gate, renderer
        self._media, self._files = media, files
        self._texts = chat_texts()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.home),
            web.get("/chat", self.page),
            web.get("/chat/ws", self._channel.connect),
            web.get("/chat/files/{id:[0-9]{1,18}}", self.file),
            web.get("/media/{hash:[0-9a-f]{24}}/{path:.+}", self.picture),
            web.get("/widget.js", self.widget),
            web.get("/theme.css", self.theme),
        ]

    async def home(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/chat")

    async def page(self, request: web.Request) -> web.Response:
        site = self._site()
        offered = [lang for lang in site.languages if lang in CHAT_LANGUAGES] or list(CHAT_LANGUAGES)
        lang, embedded = choose(request, offered), request.query.get("embed") == "1"
        boot = {
            "lang": lang,
            "asked": request.query.get("lang", "") == lang,
            "brand": site.brand,
            "embedded": embedded,
            "texts": {code: self._texts[code] for code in offered},
            "names": {code: LANGUAGE_NAMES[code] for code in offered},
            "about": {code: _in(site, code) for code in offered},
            "menu": {code: [_button(b) for b in site.menu.get(code, ())] for code in offered},
            "limit": self._channel.limits.text_chars,
        }
        return self._renderer.page(
            "chat.html",
            self._texts[lang],
            policy=page_policy(request, embedders=self._gate.origins if embedded else ()),
            site=site,
            lang=lang,
            about=_in(site, lang),
            initial=_initial(site.brand),
            embedded=embedded,
            boot=boot,
        )

    async def widget(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._renderer.assets.content("widget.js"),
            headers={
                "Content-Type": "text/javascript; charset=utf-8",
                "Cache-Control": BRIEFLY,
                "Cross-Origin-Resource-Policy": "cross-origin",
            },
        )

    async def theme(self, request: web.Request) -> web.Response:
        return web.Response(
            text=stylesheet(self._site().color), content_type="text/css", headers={"Cache-Control": BRIEFLY}
        )

    async def picture(self, request: web.Request) -> web.Response:
        found = None
        if self._media is not None:
            found = await self._media.open(request.match_info["hash"], request.match_info["path"])
        if found is None:
            raise web.HTTPNotFound
        body, media_type = found
        # An SVG opened by itself is a document: the sandbox keeps scripts in it from running.
        policy = f"{NOTHING}; sandbox; style-src 'unsafe-inline'"
        return web.Response(
            body=body,
            content_type=media_type,
            headers={"Cache-Control": FOREVER, "Content-Security-Policy": policy},
        )

    async def file(self, request: web.Request) -> web.Response:
        """A file that was sent to this member; the session comes in a header, never in an address."""
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        session, _, secret = credentials.partition(":")
        attachment = int(request.match_info["id"])
        if self._files is None or scheme != "Session" or len(secret) < SHORTEST_SECRET:
            raise web.HTTPNotFound
        if not await self._channel.owns_file(session, secret, attachment):
            raise web.HTTPNotFound
        name, _, body = await self._files.open(attachment)
        return download(name, body)


def download(name: str, body: bytes) -> web.Response:
    """A file that a browser saves and never shows, whatever it claims to be."""
    return web.Response(
        body=body,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name or 'file', safe='')}"},
    )


def _in(site: Site, lang: Lang) -> str:
    return site.about.get(lang) or site.about.get(site.languages[0], "")


def _initial(brand: str) -> str:
    return next((letter.upper() for letter in brand if letter.isalnum()), "•")


def _button(button: Button) -> dict[str, str]:
    return {"label": button.label, "payload": button.payload, "url": button.url}
