"""What stands behind the web layer, in memory: a store that talks back, and a desk with cases."""

from tests.fakes.web.desk import MemoryDesk, a_case
from tests.fakes.web.house import House, open_house
from tests.fakes.web.memory import Memory

__all__ = ["House", "Memory", "MemoryDesk", "a_case", "open_house"]
