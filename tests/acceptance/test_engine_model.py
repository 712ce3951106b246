"""Promises 2 to 6 in random orders: real store, corridor, casework and deliverer on a scripted channel."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.base import HELD, Doubt
from bot.domain import (
    CaseId,
    Delivery,
    Inbound,
    InboundKind,
    Lang,
    Owner,
    PlaceKind,
    PlaceRef,
    Sender,
)
from bot.handoff.desk import DraftAction, StaffMember
from bot.knowledge.library import Library
from bot.pipeline import deliver
from bot.pipeline.mind import make_mind
from bot.pipeline.ports import Mind
from bot.store.engine import Store
from tests.fakes.counts import counts
from tests.fakes.databases import databases, on_postgresql
from tests.fakes.house import records, write_shop
from tests.fakes.house.approved import Approved
from tests.fakes.house.engine import Engine
from tests.fakes.house.inprocess import MODELS
from tests.fakes.house.records import Said
from tests.fakes.house.scripted import ACCOUNT, ScriptedChannel

SEED = 7_919
TOGETHER = 8
"""Runs at a time: they mostly wait."""
MEMBERS = ("11", "12", "13")
TEAM = (StaffMember("Bruno", Lang("es")), StaffMember("Camila", Lang("es")))
LINES = (
    "¿Cuánto cuesta el envío?",
    "¿A qué hora abren?",
    "¿Qué medios de pago aceptan?",
    "hacen envíos los sábados?",
    "cuál es la capital de Mongolia",
    "hola",
    "gracias!",
    "2",
    "quiero hablar con una persona",
    "esto es una vergüenza, llegó todo roto y nadie responde",
    "quiero una cotización para mi colegio",
)


@dataclass(slots=True)
class Run:
    """One random order of events, and what has to be known of it afterwards."""

    engine: Engine
    rng: random.Random
    heard: dict[str, Inbound] = field(default_factory=dict)
    silent: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Ticks between which a person owned a member's conversation."""
    owned_since: dict[str, int] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    """How often staff asked for a held send (by its message) to be sent again."""
    arrived: set[str] = field(default_factory=set)
    """Held sends of which staff said that they had arrived."""
    typed: list[str] = field(default_factory=list)
    _staff: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def play(self, steps: int) -> None:
        await self.engine.start()
        for _ in range(steps):
            [act] = self.rng.choices(
                [self.speak, self.repeat, self.edit, self.press, self.work, self.crash, self.pause],
                [40, 4, 4, 6, 30, 2, 14],
            )
            await act()
        await self.finish()

    # members

    async def speak(self) -> None:
        member = self.rng.choice(MEMBERS)
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            await self._hear(member, InboundKind.MESSAGE, self.rng.choice(LINES))

    async def press(self) -> None:
        payload = self.rng.choice(("person", "menu", "pick:costo_envio", "pick:gone", "nonsense"))
        await self._hear(self.rng.choice(MEMBERS), InboundKind.BUTTON, payload)

    async def repeat(self) -> None:
        if self.heard:
            await self.engine.intake([self.rng.choice(list(self.heard.values()))], cursor="1")

    async def edit(self) -> None:
        spoken = [e for e in self.heard.values() if e.kind is InboundKind.MESSAGE]
        if spoken:
            event = replace(self.rng.choice(spoken), kind=InboundKind.EDIT, text=self.rng.choice(LINES))
            await self.engine.intake([replace(event, event_id=f"e{next(self.engine.channel.ticks)}")])

    async def _hear(self, member: str, kind: InboundKind, text: str) -> None:
        number = next(self.engine.channel.ticks)
        event = Inbound(
            ACCOUNT,
            f"u{number}",
            kind,
            datetime.now(UTC),
            Sender(member, "Marta", lang_hint="es"),
            PlaceRef(member, PlaceKind.PRIVATE),
            message_id=f"m{number}",
            text=text,
        )
        self.heard[event.event_id] = event
        await self.engine.intake([event], cursor=str(number))

    # staff

    async def work(self) -> None:
        """Somebody of the staff does something, while all else goes on."""
        task = asyncio.create_task(self._work())
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        if self.rng.random() < 0.5:
            await asyncio.wait([task])

    async def _work(self) -> None:
        cases = list(await self.engine.casework.cases())
        if not cases:
            return
        case, staff = self.rng.choice(cases).id, self.rng.choice(TEAM)
        member = await self._member(case)
        async with self._staff[member]:
            [act] = self.rng.choices(
                [self._reply, self._take, self._release, self._note, self._held, self._draft],
                [30, 15, 25, 5, 15, 10],
            )
            try:
                await act(case, staff, member)
            finally:
                await asyncio.shield(self._see_owner(member))

    async def _reply(self, case: CaseId, staff: StaffMember, member: str) -> None:
        text = f"Soy {staff.name}, texto {next(self.engine.channel.ticks)}"
        self.typed.append(text)
        await self.engine.casework.reply(case, staff, text)

    async def _take(self, case: CaseId, staff: StaffMember, member: str) -> None:
        await self.engine.casework.take_over(case, staff)

    async def _release(self, case: CaseId, staff: StaffMember, member: str) -> None:
        self._end_silence(member)
        desk = self.engine.casework
        await (desk.give_back if self.rng.random() < 0.5 else desk.close)(case, staff)

    async def _note(self, case: CaseId, staff: StaffMember, member: str) -> None:
        await self.engine.casework.note(case, staff, "solo para el equipo")

    async def _held(self, case: CaseId, staff: StaffMember, member: str) -> None:
        held = [s for s in await self._said(member) if s.delivery == "held"]
        if held:
            await self._resolve(self.rng.choice(held), staff)

    async def _resolve(self, send: Said, staff: StaffMember) -> None:
        arrived = self.rng.random() < 0.5
        assert send.outbox is not None
        if arrived:
            self.arrived.add(str(send.id))
        else:
            self.again[str(send.id)] += 1
        await self.engine.casework.held(send.outbox, staff, arrived=arrived)

    async def _draft(self, case: CaseId, staff: StaffMember, member: str) -> None:
        dossier = await self.engine.casework.dossier(case)
        if dossier is not None and dossier.drafts:
            await self.engine.casework.draft(
                self.rng.choice(dossier.drafts).id, staff, self.rng.choice(list(DraftAction))
            )

    # the machine

    async def crash(self) -> None:
        await self.engine.crash()
        if self._open:
            await asyncio.wait(self._open)
        await self.engine.start()

    async def pause(self) -> None:
        await asyncio.sleep(self.rng.choice((0, 0.005, 0.02, 0.05)))  # the order's shape, nothing is timed

    async def finish(self) -> None:
        """Calm down, come to rest, and see to what is held."""
        if self._open:
            await asyncio.wait(self._open)
        self.engine.channel.calm = True
        await self._rest()
        for send in await self._said():
            if send.delivery == "held":
                await self._resolve(send, TEAM[0])
        await self._rest()
        for member in MEMBERS:
            self._end_silence(member)
        await self.engine.crash()

    async def _rest(self) -> None:
        async with asyncio.timeout(60):
            while not await self.engine.store.read(records.at_rest):  # noqa: ASYNC110 # a database tells nobody
                await asyncio.sleep(0.02)

    async def _see_owner(self, member: str) -> None:
        tick = next(self.engine.channel.ticks)
        owner, _ = await self.engine.store.read(lambda c: records.owner(c, member))
        if owner == Owner.HUMAN:
            self.owned_since.setdefault(member, tick)
        else:
            self._end_silence(member)

    def _end_silence(self, member: str) -> None:
        if member in self.owned_since:
            self.silent[member].append((self.owned_since.pop(member), next(self.engine.channel.ticks)))

    async def _member(self, case: CaseId) -> str:
        return await self.engine.store.read(lambda c: records.member_of(c, case))

    async def _said(self, member: str | None = None) -> list[Said]:
        return await self.engine.store.read(lambda c: records.said(c, member))


def judge(run: Run, record: list[Said], approved: Approved, version: str) -> None:
    """Hold what happened against the promises."""
    channel = run.engine.channel
    by_id = {str(s.id): s for s in record}
    heard = [s for s in record if s.author == "member"]

    # 1 and 4: each message once, with one outcome and its turn
    assert Counter(s.external_id for s in heard) == Counter(e.message_id for e in run.heard.values())
    assert all(s.outcome and s.turn for s in heard)
    assert all(s.rule for s in heard if s.outcome == "ignored")

    for member in MEMBERS:
        received = [d for d in channel.delivered if d.place == member]
        # 2: nothing twice, unless a person asked for it
        times = Counter(d.nonce for d in received)
        assert all(n <= 1 + run.again[nonce] for nonce, n in times.items()), "sent twice"
        sent = [s for s in record if s.member == member and s.author != "member" and s.delivery == "sent"]
        lost = [s for s in sent if not times[str(s.id)] and str(s.id) not in run.arrived]
        assert not lost, "called sent, and never received"
        # 3: in order, but for what a person had sent again later
        order = [int(d.nonce) for d in received if not run.again[d.nonce]]
        assert order == sorted(order), "out of order"
        # 5: silence while a person owns
        for begin, end in run.silent[member]:
            for d in received:
                mine = by_id[d.nonce].author == "bot" and not run.again[d.nonce]
                assert not (mine and begin < d.tick < end), f"the bot spoke over a person: {d.message.text}"

    # 6: only approved texts, each with its reason
    for said in record:
        if said.author == "bot":
            assert not approved.foreign(said.text), said
            if said.turn is not None:
                assert said.knowledge == version
                assert said.trace is not None
                assert (said.variant is not None) == bool(said.entry)
        if said.author == "staff" and said.kind != "note":
            assert said.text in run.typed
    assert {s.delivery for s in record if s.author == "bot"} <= {"sent", "cancelled", "failed"}


@pytest.fixture(scope="module")
def mind(tmp_path_factory: pytest.TempPathFactory) -> Mind:
    home = write_shop(tmp_path_factory.mktemp("shop"))
    return asyncio.run(make_mind(Library.open(home).current, MODELS))


@pytest.mark.sqlite
@pytest.mark.parametrize("orders", counts(test=40, slow=300, soak=2_000))
async def test_every_order_keeps_the_promises(
    tmp_path: Path, mind: Mind, orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await try_orders(tmp_path, mind, orders, monkeypatch)


@on_postgresql
@pytest.mark.parametrize("orders", counts(test=8, slow=60, soak=500))
async def test_every_order_keeps_the_promises_on_a_server(
    tmp_path: Path, mind: Mind, orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await try_orders(tmp_path, mind, orders, monkeypatch)


@pytest.mark.sqlite
@pytest.mark.parametrize("orders", counts(test=15, slow=150, soak=1_000))
async def test_every_order_keeps_the_promises_where_a_nonce_makes_repeats_harmless(
    tmp_path: Path, mind: Mind, orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonces = Doubt(harmless=timedelta(minutes=2), findable=True)
    await try_orders(tmp_path, mind, orders, monkeypatch, nonces)


async def try_orders(
    tmp_path: Path, mind: Mind, orders: int, monkeypatch: pytest.MonkeyPatch, doubts: Doubt = HELD
) -> None:
    """Play so many random orders, each on a database of its own."""
    monkeypatch.setattr(deliver, "LONGEST_RETRY", 0.004)  # tries follow one another as fast as they may
    approved = Approved(mind.voice)
    gate = asyncio.Semaphore(TOGETHER)
    totals: Counter[str] = Counter()

    async def one(seed: int) -> None:
        async with gate, AsyncExitStack() as stack:
            rng = random.Random(SEED + seed)
            folder = tmp_path / str(seed)
            folder.mkdir()
            url = databases.url(folder)
            await Store.create(url)
            store = await stack.enter_async_context(Store.open(url))
            channel = ScriptedChannel(rng, doubts=doubts)
            run = Run(Engine(store, mind, channel, folder), rng)
            await run.play(steps=rng.randint(10, 60))
            record = await store.read(records.said)
            try:
                judge(run, record, approved, mind.voice.knowledge.version)
            except AssertionError as error:
                error.add_note(f"order {seed}")
                raise
            totals.update(r.value for r in channel.receipts)
            totals.update(f"{s.outcome}" for s in record if s.author == "member")
            totals["owned"] += sum(len(spans) for spans in run.silent.values())

    async with asyncio.TaskGroup() as group:
        for seed in range(orders):
            group.create_task(one(seed))
    assert totals["owned"] > orders, "people did take over"
    assert {Delivery.UNCERTAIN.value, Delivery.RETRY.value} <= set(totals)
    print(dict(totals))  # noqa: T201
