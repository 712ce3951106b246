"""The staff page over HTTP: who gets in, what they can do, and what nobody can do to them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.domain import Author, CaseId, CaseState, Lang, OutboxState, Owner, Platform, Reason
from bot.handoff.desk import DraftAction, DraftLine, FeedbackLine, Line, StaffMember
from tests.fakes.web import House, a_case, open_house
from tests.fakes.web.memory import until

HTML = {"Accept": "text/html", "Accept-Language": "es"}
ATTACK = "<script>f()</script><img src=x onerror=f()>\"'&{{7*7}}"
NOW = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)


class Colleague:
    """Someone of the staff with a browser."""

    def __init__(self, house: House, client: ClientSession) -> None:
        self.house, self.client = house, client

    async def sign_in(self, name: str = "Camila") -> Any:
        path = await self.house.auth.new_link(name)
        token = path.partition("token=")[2]
        async with self.client.post(
            f"{self.house.url}/staff/login",
            data={"token": token},
            headers={**HTML, "Origin": self.house.url},
            allow_redirects=False,
        ) as answer:
            assert answer.status == 303
            return answer.cookies["vocero_staff"]

    async def get(self, path: str, **headers: str) -> str:
        async with self.client.get(self.house.url + path, headers={**HTML, **headers}) as answer:
            return await answer.text()

    async def token(self, path: str = "/staff") -> str:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', await self.get(path))
        assert found is not None
        return found[1]

    async def post(self, path: str, **form: str) -> str:
        """Send a form as our own page does; the page that follows."""
        form.setdefault("token", await self.token())
        headers = {**HTML, "Origin": self.house.url}
        async with self.client.post(self.house.url + path, data=form, headers=headers) as answer:
            return await answer.text()


@pytest.fixture
async def camila(house: House, client: ClientSession) -> Colleague:
    camila = Colleague(house, client)
    await camila.sign_in()
    house.desk.put(a_case())
    return camila


async def test_a_link_shows_a_form_and_only_the_form_spends_it(house: House, client: ClientSession) -> None:
    path = await house.auth.new_link("Camila")
    for _ in range(2):  # a chat's link preview, then the person
        async with client.get(house.url + path, headers=HTML) as answer:
            assert answer.status == 200
            assert "Entrar como Camila" in await answer.text()
    cookie = await Colleague(house, client).sign_in()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/staff")
    assert cookie["max-age"] == str(12 * 3600)
    assert not cookie["secure"], "loopback has no https"


async def test_the_cookie_is_secure_over_https(tmp_path: Path, client: ClientSession) -> None:
    async with open_house(tmp_path, proxies=("127.0.0.1",), staff_remote=True) as house:
        token = (await house.auth.new_link("Camila")).partition("token=")[2]
        async with client.post(
            f"{house.url}/staff/login",
            data={"token": token},
            headers={"Origin": house.url, "X-Forwarded-Proto": "https"},
            allow_redirects=False,
        ) as answer:
            assert answer.cookies["vocero_staff"]["secure"]


async def test_spent_and_invented_links_are_refused_with_words(house: House, client: ClientSession) -> None:
    token = (await house.auth.new_link("Camila")).partition("token=")[2]
    await house.auth.redeem(token)
    for bad in (token, "invented", ""):
        async with client.get(f"{house.url}/staff/login", params={"token": bad}, headers=HTML) as answer:
            assert answer.status == 403
            assert "Este enlace ya no sirve" in await answer.text()
        async with client.post(
            f"{house.url}/staff/login", data={"token": bad}, headers={**HTML, "Origin": house.url}
        ) as answer:
            assert answer.status == 403
            assert "vocero_staff" not in answer.cookies


async def test_another_page_cannot_sign_anyone_in(house: House, client: ClientSession) -> None:
    token = (await house.auth.new_link("Camila")).partition("token=")[2]
    for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        async with client.post(f"{house.url}/staff/login", data={"token": token}, headers=origin) as answer:
            assert answer.status == 403
    assert await house.auth.invited(token) == "Camila"


@pytest.mark.parametrize(
    "path", ["/staff", "/staff?closed=1", "/staff/cases/7", "/staff/live", "/staff/files/1"]
)
async def test_nothing_is_shown_without_a_session(house: House, client: ClientSession, path: str) -> None:
    house.desk.put(a_case())
    house.desk.files[1] = ("a", "b", b"secret")
    async with client.get(house.url + path, headers=HTML) as answer:
        assert answer.status == 401
        body = await answer.text()
    assert "Ana Rojas" not in body
    assert "secret" not in body


async def test_a_colleague_who_left_the_team_is_out_at_once(camila: Colleague, house: House) -> None:
    assert "Ana Rojas" in await camila.get("/staff")
    house.team.discard("Camila")
    assert "Hay que entrar primero" in await camila.get("/staff")


async def test_signing_out_ends_the_session(camila: Colleague) -> None:
    assert "Hay que entrar primero" in await camila.post("/staff/logout")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}],
)
async def test_the_page_is_for_this_machine_unless_opened(
    tmp_path: Path, client: ClientSession, headers: dict[str, str]
) -> None:
    async with open_house(tmp_path) as house:
        for path in ("/staff", "/staff/login?token=x", "/staff/cases/1"):
            async with client.get(house.url + path, headers={**HTML, **headers}) as answer:
                assert answer.status == 403
                assert "VOCERO_STAFF_REMOTE" in await answer.text()


async def test_an_opened_page_serves_other_machines(tmp_path: Path, client: ClientSession) -> None:
    async with open_house(tmp_path, staff_remote=True) as house:
        headers = {**HTML, "X-Forwarded-For": "203.0.113.9"}
        async with client.get(f"{house.url}/staff", headers=headers) as answer:
            assert answer.status == 401


async def test_the_list_says_who_waits_and_why(camila: Colleague, house: House) -> None:
    house.desk.put(
        a_case(
            9,
            "",
            platform=Platform.WEB,
            reason=Reason.COMPLAINT,
            state=CaseState.REOPENED,
            staff="Diego",
            held=2,
        )
    )
    house.desk.put(a_case(3, "Cerrada", state=CaseState.RESOLVED))
    body = await camila.get("/staff")
    for words in ("Ana Rojas", "Pidió hablar con una persona", "Nuevo", "Visitante sin nombre"):
        assert words in body
    for words in ("Es un reclamo", "Reabierto", "Chat web", "Diego", "2 envíos por confirmar"):
        assert words in body
    assert "Cerrada" not in body
    assert body.index("Ana Rojas") < body.index("Visitante sin nombre")
    assert "Cerrada" in await camila.get("/staff?closed=1")


async def test_a_case_shows_all_that_one_needs_to_take_over(camila: Colleague, house: House) -> None:
    case = a_case(lang=Lang("pt"), owner=Owner.HUMAN, staff="Diego")
    held = Line(
        4, Author.BOT, None, "Ya va", False, NOW, delivery=OutboxState.HELD, outbox_id=44, error="502"
    )
    note = Line(5, Author.STAFF, "Diego", "Ojo con este", False, NOW, note=True)
    file = Line(6, Author.MEMBER, None, "", False, NOW, files=((9, "boleta.pdf", "application/pdf"),))
    draft = DraftLine(1, "Camila", "Hola, ya lo veo", NOW)
    house.desk.put(replace(case, lines=(*case.lines, held, note, file), drafts=(draft,)))
    body = await camila.get("/staff/cases/7")
    for words in ("portugués", "Contesta Diego", "Tarda <strong>2 a 4 días hábiles</strong>", "costo_envio"):
        assert words in body
    for words in ("No se sabe si llegó", "502", "Enviar otra vez", "Sí llegó", "Nota de Diego, solo para"):
        assert words in body
    for words in ("Descargar boleta.pdf", "Hola, ya lo veo", "Enviar igual", "Descartar", "2 nov, 09:05"):
        assert words in body
    english = await camila.get("/staff/cases/7?lang=en")
    for words in ("Send again", "It arrived", "Send anyway", "Take over", "Discard", "2 Nov, 09:05"):
        assert words in english


async def test_whatever_members_write_stays_text(camila: Colleague, house: House) -> None:
    case = a_case(member=ATTACK, last_text=ATTACK, team=ATTACK, staff=ATTACK, owner=Owner.HUMAN)
    lines = tuple(
        Line(
            number, author, ATTACK, f"{ATTACK} **x** [x](javascript:f())", markdown, NOW,
            delivery=OutboxState.FAILED, error=ATTACK, entry=ATTACK, files=((1, ATTACK, ATTACK),),
        )
        for number, (author, markdown) in enumerate(
            ((Author.MEMBER, True), (Author.MEMBER, False), (Author.BOT, True), (Author.STAFF, False))
        )
    )  # fmt: skip
    house.desk.put(
        replace(
            case, lines=lines, asked=(ATTACK,), tried=(ATTACK,), drafts=(DraftLine(1, ATTACK, ATTACK, NOW),)
        )
    )
    for path in ("/staff", "/staff/cases/7", "/staff/cases/7?done=kept&owner=" + "%3Cscript%3Ef()"):
        body = await camila.get(path)
        assert "<script>f()" not in body
        assert "<img" not in body
        assert "javascript:" not in re.sub(r"\[x\]\(javascript:f\(\)\)", "", body)
        assert "{{7*7}}" in body
        assert "**x**" in body or path == "/staff", "a member's marks are shown as written"
    async with camila.client.get(f"{house.url}/staff/live?case=7") as answer:
        parts = await answer.json()
    for part in ("list", "detail"):
        assert "<script>f()" not in parts[part]["html"]
        assert "<img" not in parts[part]["html"]


@pytest.mark.parametrize(
    ("action", "form", "call", "words"),
    [
        ("reply", {"text": "Hola Ana"}, ("reply", 7, "Camila", "Hola Ana"), "Respuesta enviada."),
        ("note", {"text": "Ojo"}, ("note", 7, "Camila", "Ojo"), "Nota guardada."),
        ("take", {}, ("take", 7, "Camila"), "Ahora atiendes tú este caso."),
        ("give", {}, ("give", 7, "Camila"), "El bot vuelve a contestar."),
        ("close", {}, ("close", 7, "Camila"), "Caso cerrado."),
        ("held", {"outbox": "44", "arrived": "yes"}, ("held", 44, "Camila", True), "quedó anotado"),
        ("held", {"outbox": "44", "arrived": "no"}, ("held", 44, "Camila", False), "quedó anotado"),
        ("draft", {"draft": "1", "action": "send"}, ("draft", 1, "Camila", DraftAction.SEND), "Listo."),
        ("draft", {"draft": "1", "action": "take"}, ("draft", 1, "Camila", DraftAction.TAKE_OVER), "Listo."),
        ("draft", {"draft": "1", "action": "discard"}, ("draft", 1, "Camila", DraftAction.DISCARD), "Listo."),
    ],
)
async def test_each_form_does_one_thing_and_says_so(
    camila: Colleague, house: House, action: str, form: dict[str, str], call: object, words: str
) -> None:
    body = await camila.post(f"/staff/cases/7/{action}", **form)
    assert house.desk.calls == [call]
    assert words in body


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("held", {"outbox": "x", "arrived": "yes"}),
        ("held", {}),
        ("draft", {"draft": "1", "action": "burn"}),
        ("draft", {"draft": "-1", "action": "send"}),
    ],
)
async def test_forms_that_make_no_sense_do_nothing(
    camila: Colleague, house: House, action: str, form: dict[str, str]
) -> None:
    assert "Eso ya no existe." in await camila.post(f"/staff/cases/7/{action}", **form)
    assert house.desk.calls == []


async def test_a_reply_to_somebody_elses_conversation_is_kept_and_named(
    camila: Colleague, house: House
) -> None:
    house.desk.owner = "Diego"
    body = await camila.post("/staff/cases/7/reply", text="Yo también voy")
    assert "Diego atiende esta conversación" in body
    assert "Yo también voy" in body
    assert "Enviar igual" in body


async def test_a_form_sent_twice_is_done_once(camila: Colleague, house: House) -> None:
    mark = re.search(r'name="once" value="([^"]+)"', await camila.get("/staff/cases/7"))
    assert mark is not None
    await camila.post("/staff/cases/7/reply", text="Hola Ana", once=mark[1])
    again = await camila.post("/staff/cases/7/reply", text="Hola Ana", once=mark[1])
    assert "no se hizo dos veces" in again
    assert len(house.desk.calls) == 1
    await camila.post("/staff/cases/7/reply", text="Otra cosa", once=mark[1])
    assert house.desk.calls[-1] == ("reply", 7, "Camila", "Otra cosa"), "another text is another message"


async def test_a_reply_that_failed_can_be_sent_again(camila: Colleague, house: House) -> None:
    house.desk.broken = True
    assert "Algo falló de nuestro lado" in await camila.post("/staff/cases/7/reply", text="Hola", once="m")
    house.desk.broken = False
    assert "Respuesta enviada." in await camila.post("/staff/cases/7/reply", text="Hola", once="m")


@pytest.mark.parametrize(
    ("origin", "token"),
    [
        ("https://evil.example", None),
        ("null", None),
        ("", None),
        ("own", ""),
        ("own", "0" * 64),
        ("own", "ñ"),
    ],
)
async def test_no_other_page_can_act_for_staff(
    camila: Colleague, house: House, origin: str, token: str | None
) -> None:
    real = await camila.token()
    headers = {**HTML, "Origin": house.url if origin == "own" else origin}
    form = {"token": real if token is None else token, "text": "mi texto escrito"}
    for action in ("reply", "note", "take", "give", "close", "held", "draft"):
        async with camila.client.post(
            f"{house.url}/staff/cases/7/{action}", data=form, headers=headers
        ) as answer:
            assert answer.status == 403
            assert "mi texto escrito" in await answer.text(), "what was typed is given back"
    assert house.desk.calls == []


async def test_a_form_token_belongs_to_one_session(camila: Colleague, house: House) -> None:
    old = await camila.token()
    await camila.sign_in()
    await camila.post("/staff/cases/7/take", token=old)
    assert house.desk.calls == []


async def test_a_text_typed_in_an_ended_session_is_given_back(house: House, client: ClientSession) -> None:
    house.desk.put(a_case())
    async with client.post(
        f"{house.url}/staff/cases/7/reply",
        data={"text": "una respuesta larga <b>"},
        headers={**HTML, "Origin": house.url},
    ) as answer:
        body = await answer.text()
    assert answer.status == 401
    assert "una respuesta larga &lt;b&gt;" in body


async def test_an_unknown_case_is_told(camila: Colleague) -> None:
    assert "Ese caso no existe" in await camila.get("/staff/cases/999")
    assert "Ese caso no existe" in await camila.post("/staff/cases/999/reply", text="Hola")


async def test_files_are_downloads_and_nothing_else(camila: Colleague, house: House) -> None:
    house.desk.files[5] = ('evil"\r\nX: y.html', "text/html", b"<script>f()</script>")
    async with camila.client.get(f"{house.url}/staff/files/5") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''evil%22%0D%0A")
        assert "X" not in answer.headers
    async with camila.client.get(f"{house.url}/staff/files/6", headers=HTML) as answer:
        assert answer.status == 404


async def test_the_page_hears_of_a_change_at_once_and_of_nothing_else(
    camila: Colleague, house: House
) -> None:
    body = await camila.get("/staff/cases/7")
    tags = re.findall(r'data-tag="([0-9a-f]{16})"', body)
    params = {"case": "7", "list": tags[0], "detail": tags[1]}
    asking = asyncio.create_task(_json(camila, params))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not asking.done(), "nothing has changed"

    await house.desk.reply(CaseId(7), _staff("Diego"), "Ya voy yo")
    changes = await asking

    assert set(changes) == {"detail"}
    assert "Ya voy yo" in changes["detail"]["html"]
    params["detail"] = changes["detail"]["tag"]
    params["list"] = "stale"
    assert set(await _json(camila, params)) == {"list"}


async def test_a_change_between_two_questions_is_not_missed(camila: Colleague, house: House) -> None:
    body = await camila.get("/staff")
    tag = re.findall(r'data-tag="([0-9a-f]{16})"', body)[0]
    house.desk.put(a_case(8, "Recién llegada"))
    changes = await _json(camila, {"list": tag})
    assert "Recién llegada" in changes["list"]["html"]


async def test_a_page_that_waits_does_not_keep_the_server_from_stopping(
    tmp_path: Path, client: ClientSession
) -> None:
    async with open_house(tmp_path) as house:
        camila = Colleague(house, client)
        await camila.sign_in()
        tag = re.findall(r'data-tag="([0-9a-f]{16})"', await camila.get("/staff"))[0]
        asking = asyncio.create_task(_json(camila, {"list": tag}))
        await until(lambda: bool(house.desk.watching))
    assert await asking == {}


async def test_the_language_is_remembered(camila: Colleague) -> None:
    assert "Open" in await camila.get("/staff?lang=en")
    assert "Asked for a person" in await camila.get("/staff/cases/7")


def _staff(name: str) -> Any:
    return StaffMember(name, Lang("es"))


async def _json(colleague: Colleague, params: dict[str, str]) -> dict[str, Any]:
    async with colleague.client.get(f"{colleague.house.url}/staff/live", params=params) as answer:
        assert answer.status == 200
        return await answer.json()  # type: ignore[no-any-return]  # JSON of our own


async def test_blocking_asks_to_be_sure_and_can_be_taken_back(house: House, camila: Colleague) -> None:
    house.desk.put(a_case(7, member="Mala \u202eana"))
    page = await camila.get("/staff/cases/7")
    assert "Sí, bloquear" in page.partition("<details")[2].partition("</details>")[0]
    assert "Persona bloqueada." in await camila.post("/staff/cases/7/block")
    blocked = await camila.get("/staff/blocked")
    assert "Bloqueo de Camila" in blocked
    assert "Mala ana" in blocked.replace("\u202e", "")
    assert "\u202e" not in await camila.get("/staff/cases/7")
    await camila.post("/staff/cases/7/unblock")
    assert "No hay nadie bloqueado." in await camila.get("/staff/blocked")
    assert [call for call in house.desk.calls if call[0] in ("block", "unblock")] == [
        ("block", 7, "Camila"),
        ("unblock", 7, "Camila"),
    ]


async def test_suggestions_are_listed_and_inert(house: House, camila: Colleague) -> None:
    house.desk.opinions.append(
        FeedbackLine(1, NOW, "suggestion", ATTACK, Platform.TELEGRAM, "", f"{ATTACK}\u202e", "")
    )
    house.desk.opinions.append(FeedbackLine(2, NOW, "not_useful", "Ana", Platform.WEB, "pago", "", ATTACK))
    page = await camila.get("/staff/feedback")
    assert page.count("&lt;script&gt;") == 3
    assert "<img" not in page
    assert "\u202e" not in page
    assert "No sirvió" in page


async def test_both_lists_need_a_session(house: House, client: ClientSession) -> None:
    for path in ("/staff/blocked", "/staff/feedback"):
        async with client.get(house.url + path, headers=HTML) as answer:
            assert answer.status == 401


async def test_only_pictures_are_shown_and_only_in_a_sandbox(house: House, camila: Colleague) -> None:
    shown = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20).to_bytes(4, "big") * 2
    house.desk.files[1] = ("foto.svg", "image/svg+xml", shown)
    house.desk.files[2] = ("foto.png", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='f()'/>")
    async with camila.client.get(f"{house.url}/staff/pictures/1") as answer:
        assert answer.content_type == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    async with camila.client.get(f"{house.url}/staff/pictures/2") as answer:
        assert answer.status == 404
    async with camila.client.get(f"{house.url}/staff/files/2") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_commands_and_presses_read_as_words_of_the_readers_language(
    camila: Colleague, house: House
) -> None:
    case = a_case(last_text="el pedido 12", last_command="suggestion")
    lines = (
        Line(4, Author.MEMBER, None, "", False, NOW, command="privacy"),
        Line(5, Author.MEMBER, None, "<b>", False, NOW, command="human"),
        Line(6, Author.MEMBER, None, "", False, NOW, command="weather"),
        Line(7, Author.MEMBER, None, "Sí", False, NOW, tapped="useful:4"),
        Line(8, Author.MEMBER, None, "", False, NOW, tapped="pick:costo_envio"),
        Line(9, Author.MEMBER, None, "", False, NOW, tapped="who_knows"),
    )
    house.desk.put(replace(case, lines=lines))
    page = await camila.get("/staff/cases/7")
    assert re.findall(r'dir="auto"><p>(.*)</p></div>', page) == [
        "/privacidad", "/humano &lt;b&gt;", "/weather",
        "Pulsó «Sí»", "Pulsó «Costo del envío»", "Pulsó un botón",
    ]  # fmt: skip
    assert 'class="last" dir="auto">/sugerencia el pedido 12<' in page
    page = await camila.get("/staff/cases/7?lang=en")
    for words in (
        "<p>/privacy</p>",
        "<p>/human &lt;b&gt;</p>",
        "“Shipping cost”",
        "/suggestion el pedido 12",
    ):
        assert words in page


async def test_answers_go_by_their_titles(camila: Colleague, house: House) -> None:
    shown = '<span title="costo_envio">{}</span>'
    house.desk.opinions.append(FeedbackLine(2, NOW, "not_useful", "Ana", Platform.WEB, "gone", "", "?"))
    assert shown.format("Costo del envío") in await camila.get("/staff/cases/7")
    assert shown.format("Shipping cost") in await camila.get("/staff/cases/7?lang=en")
    assert "Respuesta: gone" in await camila.get("/staff/feedback?lang=es")


@pytest.mark.parametrize(
    ("owner", "staff", "state", "offered"),
    [
        (Owner.QUEUE, None, CaseState.NEW, {"take", "give", "close"}),
        (Owner.BOT, None, CaseState.WAITING, {"take", "close"}),
        (Owner.HUMAN, "Camila", CaseState.ASSIGNED, {"give", "close"}),
        (Owner.HUMAN, "Diego", CaseState.ASSIGNED, {"take", "give", "close"}),
        (Owner.BOT, "Camila", CaseState.RESOLVED, {"take"}),
    ],
)
async def test_only_what_changes_something_is_offered(
    camila: Colleague, house: House, owner: Owner, staff: str | None, state: CaseState, offered: set[str]
) -> None:
    house.desk.put(a_case(owner=owner, staff=staff, state=state))
    page = await camila.get("/staff/cases/7")
    assert set(re.findall(r'id="do-(take|give|close)"', page)) == offered


@pytest.mark.parametrize("path", ["/staff", "/staff/cases/7", "/staff/feedback", "/staff/blocked"])
async def test_every_page_has_its_header_and_its_tabs(camila: Colleague, path: str) -> None:
    page = await camila.get(path)
    assert 'action="/staff/logout"' in page
    assert f'href="{path}?lang=en"' in page
    for tab in ("/staff", "/staff?closed=1", "/staff/feedback", "/staff/blocked"):
        assert f'<a href="{tab}"' in page.partition('class="tabs"')[2].partition("</p>")[0]
    assert "Sign out" in await camila.get(f"{path}?lang=en")
    assert "Sign out" in await camila.get(path), "the language is remembered from any page"
