"""Discord on loopback for tests and benches: REST, gateway and files, with people on their other side."""

from tests.fakes.discord.faults import Fault
from tests.fakes.discord.gateway import PRIVILEGED, Intent
from tests.fakes.discord.ledger import Asked, Call, Ledger, Pings, Sent
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.model import Channel, Message, User
from tests.fakes.discord.people import PIXEL, Person, Place, Speaker
from tests.fakes.discord.remote import RemoteDiscord
from tests.fakes.discord.rights import EVERYONE, Right
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.servers import BOT_RIGHTS, Server

__all__ = [
    "BOT_RIGHTS",
    "EVERYONE",
    "PIXEL",
    "PRIVILEGED",
    "Asked",
    "Call",
    "Channel",
    "FakeDiscord",
    "Fault",
    "Intent",
    "Ledger",
    "Limits",
    "Message",
    "Person",
    "Pings",
    "Place",
    "RemoteDiscord",
    "Right",
    "Sent",
    "Server",
    "Speaker",
    "User",
]
