"""Promise 4 on whatever Telegram may send: each message has one outcome, and nothing stops the loop."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.house import House, open_house, records
from tests.fakes.telegram import PIXEL, FakeTelegram, Member

SEED = 4_096
UPDATES = 1_000
MEMBERS = 60
WORDS = (
    "¿Cuánto cuesta el envío?",
    "¿A qué hora abren los sábados?",
    "puedo pagar con tarjeta?",
    "hola",
    "gracias!",
    "hacen envíos los sábados?",
    "cuál es la capital de Mongolia",
    "quiero hablar con una persona",
    "esto es una vergüenza, llegó todo roto y nadie responde",
    "/start",
    "/humano",
    "/ayuda por favor",
    "/noexiste",
    "/",
    "<b>hola</b> & *chao* _x_ [y](z)",
    "👍",
    "?",
    "ñ" * 4_000,
    "a\n\n\n\nb\u202etxt\u200b",
    "nul\x00nul",
    "2",
    "' OR 1=1; --",
    "{{ envio.precio }} {% raw %}",
)
STRANGE: tuple[Any, ...] = (
    {"message": {"message_id": "no number"}},
    {"message": None},
    {"message": {"message_id": 5, "date": 10**30, "chat": {"id": 1, "type": "private"}, "text": "x"}},
    {"message": {"message_id": 6, "date": 1_700_000_000, "chat": {"id": 900_001, "type": "private"}}},
    {"message": {"message_id": 7, "date": 1_700_000_000, "chat": {"id": 900_001, "type": "new kind"}}},
    {"callback_query": {"id": 17}},
    {"edited_message": []},
    {"my_chat_member": {"chat": "?"}},
    {"something_new_of_2031": {"a": [1, 2, {"b": None}]}},
    {"poll": {"id": "1"}},
    {},
    '{"update_id": {update_id}, "message": {"text": "\\ud800 half a character", "message_id": 1}}',
)


class Crowd:
    """Members who send everything that there is; what must come of it is written down beside."""

    def __init__(self, fake: FakeTelegram, rng: random.Random) -> None:
        self.fake, self.rng = fake, rng
        self.members = [fake.member(1_000 + n, f"M{n}") for n in range(MEMBERS)]
        self.addressed: Counter[tuple[int, str]] = Counter()
        """Member and message id of all that the bot has to see to."""
        self.pushed = 0
        self.odd: list[int] = []
        self.repeats = 0
        self.presses: Counter[int] = Counter()

    def step(self) -> None:
        """One event, or a few at once."""
        who = self.rng.choice(self.members)
        acts: list[tuple[int, Callable[[Member], None]]] = [
            (40, self.writes),
            (8, self.photo),
            (6, self.voice),
            (6, self.sticker),
            (4, self.place),
            (4, self.album),
            (8, self.edit),
            (10, self.again),
            (8, self.strange),
            (6, self.press),
        ]
        [act] = self.rng.choices([a for _, a in acts], [w for w, _ in acts])
        act(who)

    def writes(self, who: Member) -> None:
        self._said(who, who.writes(self.rng.choice(WORDS)).id)

    def photo(self, who: Member) -> None:
        self._said(who, who.sends_photo(PIXEL, caption=self.rng.choice(("", "¿Puedo cambiarlo?"))).id)

    def voice(self, who: Member) -> None:
        self._said(who, who.sends_voice().id)

    def sticker(self, who: Member) -> None:
        self._said(who, who.sends_sticker().id)

    def place(self, who: Member) -> None:
        self._said(who, who.sends(location={"latitude": -33.0, "longitude": -71.6}).id)

    def album(self, who: Member) -> None:
        for message in who.sends_album(PIXEL, PIXEL):
            self._said(who, message.id)

    def edit(self, who: Member) -> None:
        own = [m for m in who.chat.messages.values() if not m.sender.is_bot and m.text]
        if own:
            who.edits(self.rng.choice(own), self.rng.choice(WORDS))
            self.pushed += 1

    def again(self, who: Member) -> None:
        """An update that was delivered before comes once more, as after a lost answer."""
        given = list(self.fake.updates.delivered)
        if given:
            self.fake.updates.repeat(self.rng.choice(given))
            self.repeats += 1

    def strange(self, who: Member) -> None:
        self.odd.append(self.fake.inject(self.rng.choice(STRANGE)))

    def press(self, who: Member) -> None:
        keys = [k for m in who.reads for row in m.buttons for k in row if "callback_data" in k]
        if keys:
            at = next(m for m in reversed(who.reads) if m.buttons)
            key = self.rng.choice(at.buttons)[0]
            who.taps(key["callback_data"], at)
            self.presses[who.id] += 1
            self.pushed += 1

    def _said(self, who: Member, message: int) -> None:
        self.addressed[(who.id, str(message))] += 1
        self.pushed += 1


async def arrived(house: House, crowd: Crowd) -> None:
    """Return once all that was sent is stored."""
    wanted = crowd.pushed + len(set(crowd.odd))
    await house.until(lambda c: len(records.events(c)) >= wanted, patience=60)


async def test_a_thousand_updates_of_every_kind(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    chosen = {"settle_seconds": 0.02, "limit_member_burst": 0}  # few write much, and all of it counts here
    async with FakeTelegram() as fake, open_house(tmp_path, fake, **chosen) as house:
        crowd = Crowd(fake, rng)
        while crowd.pushed + len(crowd.odd) + crowd.repeats < UPDATES:
            for _ in range(rng.randint(1, 40)):
                crowd.step()
            await arrived(house, crowd)
        await house.rest(messages=crowd.addressed.total() + crowd.presses.total(), patience=90)

        record = await house.said()
        heard = [s for s in record if s.author == "member"]
        spoken = Counter((int(s.member), s.external_id) for s in heard if s.kind != "button")
        assert spoken == crowd.addressed, "each message once: none lost, none twice"
        assert Counter(int(s.member) for s in heard if s.kind == "button") == crowd.presses
        assert all(s.outcome and s.turn for s in heard)
        assert all(s.rule for s in heard if s.outcome == "ignored"), "nothing is ignored without a named rule"

        events = await house.read(records.events)
        assert len({event for event, _ in events}) == len(events)
        kinds = Counter(kind for _, kind in events)
        assert {str(i) for i in crowd.odd} <= {event for event, _ in events}
        assert kinds["unparsable"] > 0
        assert fake.updates.confirmed, "the offset moves"
        await fake.wait_for(lambda ledger: not ledger.unanswered)

        for member in crowd.members:
            ours = [s for s in record if s.member == str(member.id) and s.author == "bot"]
            assert {s.delivery for s in ours} <= {"sent"}
            assert [str(m.id) for m in member.reads] == [s.external_id for s in ours]
        assert not [call for call in fake.ledger.refused if call.method.startswith("send")]
        outcomes = Counter(s.outcome for s in heard)
        print(f"{len(events)} events {dict(kinds)}, {crowd.repeats} repeats, {dict(outcomes)}")  # noqa: T201


async def test_a_poisoned_update_does_not_stop_those_behind_it(tmp_path: Path) -> None:
    """Half characters are legal in JSON and refused by databases, in whatever field they stand."""
    half = "\\ud800"
    poisons = [
        {"username": half},
        {"language_code": half},
        {"last_name": half},
    ]
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        for number, field in enumerate(poisons):
            user = {"id": 5_000 + number, "is_bot": False, "first_name": "X"} | field
            fake.inject(_message(user, '"text": "hola"'))
        user = {"id": 6_000, "is_bot": False, "first_name": "X"}
        for media in (
            f'"voice": {{"file_id": "{half}", "file_unique_id": "u", "duration": 1}}',
            f'"document": {{"file_id": "a", "file_unique_id": "u", "mime_type": "{half}"}}',
            f'"text": "x", "media_group_id": "{half}"',
        ):
            fake.inject(_message(user, media))
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=7)

        assert [s.entry for s in await house.said(11) if s.author == "bot"] == ["costo_envio"]
        assert {kind for _, kind in await house.read(records.events)} == {"message"}, "nothing was given up"
        assert len(fake.updates) == 0


def _message(user: dict[str, Any], content: str) -> str:
    fields = ", ".join(f'"{name}": {_json(value)}' for name, value in user.items())
    return (
        '{"update_id": {update_id}, "message": {"message_id": 1, "date": 1790000000, "from": {'
        + fields
        + '}, "chat": {"id": '
        + str(user["id"])
        + ', "type": "private", "first_name": "X"}, '
        + content
        + "}}"
    )


def _json(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
