"""The staff page: the list of cases, one case with all that is known of it, and what staff does with it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bot.channels.web import Gate
from bot.domain import CaseId, Lang
from bot.handoff.desk import Desk, Done, Dossier, DraftAction, Result, StaffMember
from bot.store import sniffing
from bot.web.auth import SESSION_LIFE, Auth
from bot.web.language import choose
from bot.web.once import Once
from bot.web.pages.chat import download
from bot.web.pages.staffview import StaffView
from bot.web.rendering import Renderer
from bot.web.security import NOTHING, page_policy
from bot.web.site import Site
from bot.web.texts import STAFF_LANGUAGES, staff_texts

COOKIE, LANG_COOKIE = "vocero_staff", "vocero_lang"
POLL_SECONDS = 25.0
"""Below the 30 s after which common proxies give a silent answer up."""

Action = Callable[["_Visit", CaseId, Mapping[str, str]], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class _Visit:
    """Someone of the staff on a page."""

    staff: StaffMember
    session: str


class StaffPages:
    """Served to this machine only unless `remote`; every form is checked for its origin and its token."""

    def __init__(
        self,
        *,
        site: Callable[[], Site],
        desk: Desk,
        auth: Auth,
        gate: Gate,
        renderer: Renderer,
        remote: bool = False,
    ) -> None:
        self._site, self._desk, self._auth, self._gate = site, desk, auth, gate
        self._renderer, self._remote = renderer, remote
        self._texts = staff_texts()
        self._once = Once()
        self._parting = asyncio.Event()

    async def part(self) -> None:
        """Answer every page that waits for a change, so that the server can stop."""
        self._parting.set()

    def routes(self) -> list[web.RouteDef]:
        case = "/staff/cases/{case:[0-9]{1,18}}"
        posts: dict[str, Action] = {
            "reply": lambda visit, case, form: self._desk.reply(case, visit.staff, form.get("text", "")),
            "note": lambda visit, case, form: self._desk.note(case, visit.staff, form.get("text", "")),
            "take": lambda visit, case, form: self._desk.take_over(case, visit.staff),
            "give": lambda visit, case, form: self._desk.give_back(case, visit.staff),
            "close": lambda visit, case, form: self._desk.close(case, visit.staff),
            "block": lambda visit, case, form: self._desk.block(case, visit.staff),
            "unblock": lambda visit, case, form: self._desk.block(case, visit.staff, blocks=False),
            "held": self._held,
            "draft": self._draft,
        }
        return [
            web.get("/staff", self._guarded(self.cases)),
            web.get("/staff/", self._guarded(self.cases)),
            web.get("/staff/login", self._local(self.login)),
            web.post("/staff/login", self._local(self.redeem)),
            web.post("/staff/logout", self._guarded(self.logout)),
            web.get("/staff/blocked", self._guarded(self.blocked)),
            web.get("/staff/feedback", self._guarded(self.feedback)),
            web.get("/staff/live", self._guarded(self.live)),
            web.get("/staff/files/{id:[0-9]{1,18}}", self._guarded(self.file)),
            web.get("/staff/pictures/{id:[0-9]{1,18}}", self._guarded(self.picture)),
            web.get(case, self._guarded(self.case)),
            *(
                web.post(f"{case}/{name}", self._guarded(self._acts(name, act)))
                for name, act in posts.items()
            ),
        ]

    async def login(self, request: web.Request) -> web.Response:
        """A form, so that a chat's link preview doesn't spend the link."""
        token = request.query.get("token", "")
        name = await self._auth.invited(token) if token else None
        if name is None:
            return self._message(request, "login.spent", status=403)
        return self._page(request, "staff_login.html", name=name, token=token)

    async def redeem(self, request: web.Request) -> web.Response:
        if not self._gate.is_own(request):
            return self._message(request, "refused.origin", status=403)
        token = str((await request.post()).get("token", ""))
        session = await self._auth.redeem(token) if token else None
        if session is None:
            return self._message(request, "login.spent", status=403)
        response = _to("/staff")
        response.set_cookie(
            COOKIE,
            session,
            max_age=int(SESSION_LIFE.total_seconds()),
            path="/staff",
            httponly=True,
            samesite="Strict",
            secure=self._gate.is_secure(request),
        )
        return response

    async def logout(self, request: web.Request, visit: _Visit) -> web.Response:
        await self._auth.leave(visit.session)
        response = _to("/staff")
        response.del_cookie(COOKIE, path="/staff")
        return response

    async def cases(self, request: web.Request, visit: _Visit) -> web.Response:
        view = self._view(visit)
        closed = request.query.get("closed") == "1"
        return self._page(
            request,
            "staff.html",
            visit=visit,
            view=view,
            list=self._list(view, await self._desk.cases(closed=closed), closed, 0),
            closed=closed,
            dossier=None,
            detail="",
            flash=None,
        )

    async def case(self, request: web.Request, visit: _Visit) -> web.Response:
        number = CaseId(int(request.match_info["case"]))
        dossier = await self._desk.dossier(number)
        if dossier is None:
            return self._message(request, "missing.case", status=404)
        view = self._view(visit)
        return self._page(
            request,
            "staff.html",
            visit=visit,
            view=view,
            list=self._list(view, await self._desk.cases(), False, number),
            closed=False,
            dossier=dossier,
            detail=self._detail(view, dossier),
            flash=view.flash(request.query.get("done", ""), request.query.get("owner", "")),
            did=request.query.get("did", ""),
            once=self._once.new(),
        )

    async def blocked(self, request: web.Request, visit: _Visit) -> web.Response:
        """Who is blocked, by whom and since when."""
        lines = await self._desk.blocked()
        view = self._view(visit)
        return self._page(request, "staff_blocked.html", visit=visit, view=view, lines=lines)

    async def feedback(self, request: web.Request, visit: _Visit) -> web.Response:
        """What members suggest, and which answers did not serve."""
        lines = await self._desk.feedback()
        view = self._view(visit)
        return self._page(request, "staff_feedback.html", visit=visit, view=view, lines=lines)

    async def live(self, request: web.Request, visit: _Visit) -> web.Response:
        """What differs from what the page has; waits for a change when nothing does."""
        change = asyncio.create_task(self._desk.changed(POLL_SECONDS))
        parting = asyncio.create_task(self._parting.wait())
        try:
            # The wait began before the look, so that a change between the two is not missed.
            answer = await self._differences(request, visit)
            if not answer:
                await asyncio.wait((change, parting), return_when=asyncio.FIRST_COMPLETED)
                answer = await self._differences(request, visit)
        finally:
            change.cancel()
            parting.cancel()
        return web.json_response(answer)

    async def file(self, request: web.Request, visit: _Visit) -> web.Response:
        found = await self._desk.file(int(request.match_info["id"]))
        if found is None:
            raise web.HTTPNotFound
        name, _, body = found
        return download(name, body)

    async def picture(self, request: web.Request, visit: _Visit) -> web.Response:
        """A member's picture as a picture, if its own bytes say that it is one of dots and not too large."""
        found = await self._desk.file(int(request.match_info["id"]))
        kind = sniffing.picture(found[2]) if found is not None else ""
        if found is None or not kind:
            raise web.HTTPNotFound
        return web.Response(
            body=found[2],
            content_type=kind,
            headers={"Content-Security-Policy": f"{NOTHING}; sandbox", "Content-Disposition": "inline"},
        )

    async def _held(self, visit: _Visit, case: CaseId, form: Mapping[str, str]) -> Result:
        if not form.get("outbox", "").isdecimal():
            return Result(Done.UNKNOWN, case)
        return await self._desk.held(int(form["outbox"]), visit.staff, arrived=form.get("arrived") == "yes")

    async def _draft(self, visit: _Visit, case: CaseId, form: Mapping[str, str]) -> Result:
        if not form.get("draft", "").isdecimal() or form.get("action") not in set(DraftAction):
            return Result(Done.UNKNOWN, case)
        return await self._desk.draft(int(form["draft"]), visit.staff, DraftAction(form["action"]))

    def _acts(self, name: str, act: Action) -> Callable[[web.Request, _Visit], Awaitable[web.StreamResponse]]:
        """A form's handler: done at most once however often it is sent, then back to the case."""

        async def handler(request: web.Request, visit: _Visit) -> web.StreamResponse:
            form = {key: str(value) for key, value in (await request.post()).items()}
            number = CaseId(int(request.match_info["case"]))
            # Another text under the same mark is another message: browsers keep old pages.
            once = form.get("once", "") and _tag(form["once"] + form.get("text", ""))
            if once and not self._once.take(once):
                outcome = {"done": "repeated"}
            else:
                try:
                    result = await act(visit, number, form)
                except BaseException:
                    self._once.give_back(once)  # nothing was done, so trying again must be possible
                    raise
                outcome = {"done": name if result.done is Done.DONE else result.done.value, "did": name}
                if result.done is Done.KEPT:
                    outcome["owner"] = result.owner
            return _to(f"/staff/cases/{number}?{urlencode(outcome)}")

        return handler

    def _local(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._remote and not self._gate.is_local(request):
                return self._message(request, "refused.remote", status=403)
            return await handler(request)

        return guarded

    def _guarded(
        self, handler: Callable[[web.Request, _Visit], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Only for who has a session; forms must come from our own pages."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            session = request.cookies.get(COOKIE, "")
            name = await self._auth.holder(session) if session else None
            if name is None:
                if request.path == "/staff/live":
                    raise web.HTTPUnauthorized
                typed = str((await request.post()).get("text", "")) if request.method == "POST" else ""
                return self._message(request, "login.needed", status=401, rescued=typed, again=True)
            if request.method == "POST":
                form = await request.post()
                given = str(form.get("token", ""))
                if not self._gate.is_own(request) or not self._auth.is_form_token(session, given):
                    typed = str(form.get("text", ""))
                    return self._message(request, "refused.origin", status=403, rescued=typed)
            return await handler(request, _Visit(StaffMember(name, self._lang(request)), session))

        return self._local(guarded)

    async def _differences(self, request: web.Request, visit: _Visit) -> dict[str, object]:
        view, closed = self._view(visit), request.query.get("closed") == "1"
        given = request.query.get("case", "")
        number = CaseId(int(given)) if given.isdecimal() and len(given) <= 18 else CaseId(0)
        cases = await self._desk.cases(closed=closed)
        parts = {"list": self._list(view, cases, closed, number)}
        if number and (dossier := await self._desk.dossier(number)) is not None:
            parts["detail"] = self._detail(view, dossier)
        return {
            name: {"html": html, "tag": _tag(html)}
            for name, html in parts.items()
            if request.query.get(name) != _tag(html)
        }

    def _list(self, view: StaffView, cases: object, closed: bool, current: int) -> str:
        return self._renderer.render(
            "staff_list.html", view.texts, cases=cases, closed=closed, current=current, view=view
        )

    def _detail(self, view: StaffView, dossier: Dossier) -> str:
        return self._renderer.render("staff_case.html", view.texts, dossier=dossier, view=view)

    def _view(self, visit: _Visit) -> StaffView:
        lang = visit.staff.lang
        token = self._auth.form_token(visit.session)
        site = self._site()
        return StaffView(lang, self._texts[lang], site.timezone, token, visit.staff.name, site.title)

    def _lang(self, request: web.Request) -> Lang:
        return choose(request, STAFF_LANGUAGES, cookie=LANG_COOKIE)

    def _page(
        self, request: web.Request, template: str, *, status: int = 200, **values: object
    ) -> web.Response:
        lang = self._lang(request)
        response = self._renderer.page(
            template,
            self._texts[lang],
            policy=page_policy(request, forms=True),
            status=status,
            site=self._site(),
            lang=lang,
            tag=_tag,
            here=request.path,
            **values,
        )
        if request.query.get("lang") == lang:
            response.set_cookie(LANG_COOKIE, lang, path="/staff", samesite="Strict")
        return response

    def _message(
        self, request: web.Request, key: str, *, status: int, rescued: str = "", again: bool = False
    ) -> web.Response:
        back = request.path if again and request.method == "GET" else "/staff"
        return self._page(
            request,
            "staff_message.html",
            status=status,
            key=key,
            rescued=rescued,
            back=back if again or rescued else "",
        )


def _to(path: str) -> web.Response:
    """The answer to a form: look there now. Not raised, so that a cookie can go with it."""
    return web.Response(status=303, headers={"Location": path})


def _tag(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]
