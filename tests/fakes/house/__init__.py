"""The real bot for acceptance tests: in this process or as one of its own."""

from tests.fakes.house.inprocess import PATIENCE, STAFF_CHAT, House, on_discord, open_house
from tests.fakes.house.shop import write_shop

__all__ = ["PATIENCE", "STAFF_CHAT", "House", "on_discord", "open_house", "write_shop"]
