"""A Telegram Bot API server on loopback for tests and benches, with people on its other side."""

from tests.fakes.telegram.chats import Message, User
from tests.fakes.telegram.faults import Fault
from tests.fakes.telegram.ledger import Call, Ledger, Sent, Tap
from tests.fakes.telegram.limits import Limits
from tests.fakes.telegram.people import PIXEL, Group, Member
from tests.fakes.telegram.remote import RemoteTelegram
from tests.fakes.telegram.server import FakeTelegram, free_port

__all__ = [
    "PIXEL",
    "Call",
    "FakeTelegram",
    "Fault",
    "Group",
    "Ledger",
    "Limits",
    "Member",
    "Message",
    "RemoteTelegram",
    "Sent",
    "Tap",
    "User",
    "free_port",
]
