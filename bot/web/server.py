"""The web application: routes, headers on every answer, and error pages that people can read."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from bot.channels.base import FileSource
from bot.channels.web import Gate, MediaFolder, WebChannel
from bot.errors import StartupError
from bot.handoff.desk import Desk
from bot.web.assets import Assets
from bot.web.auth import Auth
from bot.web.language import choose
from bot.web.pages.chat import ChatPages
from bot.web.pages.health import Channels, HealthPages, Ready
from bot.web.pages.metrics import MetricsPage
from bot.web.pages.staff import StaffPages
from bot.web.rendering import Renderer
from bot.web.security import add_headers, page_policy
from bot.web.site import Site
from bot.web.texts import CHAT_LANGUAGES, chat_texts

log = structlog.get_logger(__name__)

LARGEST_FORM = 256 * 1024
SHUTDOWN_SECONDS = 5.0
TRACED = 8

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(
    *,
    site: Callable[[], Site],
    channel: WebChannel,
    gate: Gate,
    ready: Ready,
    channels: Channels = dict,
    media: MediaFolder | None = None,
    files: FileSource | None = None,
    metrics: MetricsPage | None = None,
    degraded: Callable[[], Sequence[str]] = tuple,
    desk: Desk | None = None,
    auth: Auth | None = None,
    staff_remote: bool = False,
    routes: Sequence[web.RouteDef] = (),
) -> web.Application:
    """The application. Without `desk` and `auth` there is no staff page; `staff_remote` opens it to other
    machines. `routes` are channels' own. `site` is asked at each page, so that a published change shows at
    once."""
    renderer = Renderer(Assets(Path(__file__).parent / "static"))
    app = web.Application(middlewares=[_errors(site, renderer)], client_max_size=LARGEST_FORM)
    app.on_response_prepare.append(add_headers)
    app.add_routes(routes)
    app.add_routes(HealthPages(ready, channels, degraded).routes())
    if metrics is not None:
        app.add_routes(metrics.routes())
    chat = ChatPages(site=site, channel=channel, gate=gate, renderer=renderer, media=media, files=files)
    app.add_routes(chat.routes())
    if desk is not None and auth is not None:
        staff = StaffPages(site=site, desk=desk, auth=auth, gate=gate, renderer=renderer, remote=staff_remote)
        app.add_routes(staff.routes())
        app.on_shutdown.append(lambda _: staff.part())
    app.on_shutdown.append(lambda _: channel.part())
    app.router.add_get("/static/{version:[0-9a-f]{12}}/{name}", renderer.assets.serve)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Listen, and give the address; port 0 picks a free one. There is no access log: paths of sign-in links
    carry tokens."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise StartupError(
                f"the web page cannot listen there: {error.strerror}",
                where=f"{host}:{port}",
                remedy="Choose another address with VOCERO_WEB_HOST and VOCERO_WEB_PORT.",
            ) from error
        taken = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{taken}"
    finally:
        await runner.cleanup()


def _errors(site: Callable[[], Site], renderer: Renderer) -> Callable[..., Awaitable[web.StreamResponse]]:
    texts = chat_texts()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        reference = ""
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            status, headers = error.status, error.headers
        except ConnectionError:  # the browser left in the middle; there is nobody to tell
            raise
        except Exception as error:  # the boundary: logged, and a person gets a page that can be read
            status, headers, reference = 500, web.HTTPInternalServerError().headers, secrets.token_hex(4)
            log.error(
                "web_page_failed",
                path=request.path,
                reference=reference,
                error=type(error).__name__,
                trace=_trace(error),
            )
        page = _error_page(request, status, reference)
        for name in ("Retry-After", "Allow"):
            if name in headers:
                page.headers[name] = headers[name]
        return page

    def _error_page(request: web.Request, status: int, reference: str) -> web.Response:
        if "text/html" not in request.headers.get("Accept", ""):
            return web.json_response({"error": status, "reference": reference}, status=status)
        here = site()
        lang = choose(request, [code for code in here.languages if code in CHAT_LANGUAGES] or CHAT_LANGUAGES)
        known = status if f"page.{status}" in texts[lang] else (500 if status >= 500 else 404)
        return renderer.page(
            "error.html",
            texts[lang],
            policy=page_policy(request),
            status=status,
            site=here,
            lang=lang,
            title=texts[lang][f"page.{known}"],
            help=texts[lang][f"page.{known}.help"],
            reference=reference,
        )

    return middleware


def _trace(error: BaseException) -> list[str]:
    """Where it failed, innermost last; without the values that a whole traceback may show."""
    frames = traceback.extract_tb(error.__traceback__)[-TRACED:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
