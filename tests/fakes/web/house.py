"""A whole web server on loopback: the real pages and channel, with a memory behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.channels.web import Gate, Limits, MediaFolder, WebChannel
from bot.domain import EN, ES, PT, Author, Button, PlaceKind, PlaceRef
from bot.store.engine import Store
from bot.web.auth import Auth
from bot.web.server import build, serve
from bot.web.site import Site
from tests.fakes.databases import databases
from tests.fakes.web.desk import MemoryDesk
from tests.fakes.web.memory import Memory

TITLES = {("costo_envio", ES): "Costo del envío", ("costo_envio", EN): "Shipping cost"}
SITE = Site(
    brand="Pudú Azul",
    languages=(ES, EN, PT),
    about={ES: "Café de especialidad, tostado en Valdivia.", EN: "Specialty coffee, roasted in Valdivia."},
    menu={
        ES: (Button("Costo del envío", "entry:costo_envio"), Button("Hablar con alguien", "person")),
        EN: (Button("Shipping cost", "entry:costo_envio"), Button("Talk to a person", "person")),
    },
    fictitious=True,
    title=lambda entry, lang: TITLES.get((entry, lang), ""),
)


@dataclass
class House:
    """What a test holds: the address, the memory and the desk behind it, and the channel itself."""

    url: str
    memory: Memory
    desk: MemoryDesk
    channel: WebChannel
    auth: Auth
    store: Store
    missing: list[str]
    team: set[str]

    async def say(self, session: str, text: str, author: Author = Author.BOT, **more: object) -> int:
        """Write a message and send it, as the corridor does; its id."""
        item = self.memory.add(session, author, text, **more)
        await self.channel.send(place(session), self.memory.outgoing(item), nonce=str(item.id))
        return item.id


def place(session: str) -> PlaceRef:
    return PlaceRef(session, PlaceKind.PRIVATE)


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    limits: Limits | None = None,
    origins: Sequence[str] = (),
    proxies: Sequence[str] = (),
    staff_remote: bool = False,
    site: Site = SITE,
    memory: Memory | None = None,
    port: int = 0,
) -> AsyncIterator[House]:
    """Serve until the test is done; `memory` and `port` let one begin again where another ended."""
    memory, desk, missing, team = memory or Memory(), MemoryDesk(), [], {"Camila"}
    gate, media = Gate(origins=origins, proxies=proxies), MediaFolder(folder)
    channel = WebChannel(transcript=memory, sessions=memory, gate=gate, media=media, limits=limits)
    url = databases.url(folder)
    await Store.create(url)

    async def ready() -> Sequence[str]:
        return missing

    async with Store.open(url) as store:
        auth = Auth(store, is_staff=team.__contains__)
        app = build(
            site=lambda: site,
            channel=channel,
            gate=gate,
            ready=ready,
            media=media,
            files=memory,
            desk=desk,
            auth=auth,
            staff_remote=staff_remote,
        )
        running = asyncio.create_task(channel.run(memory))
        try:
            async with serve(app, "127.0.0.1", port) as address:
                yield House(address, memory, desk, channel, auth, store, missing, team)
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        finally:
            running.cancel()
