"""What keeps an instance from working, found before members do; the command line says how to mend it."""

from bot.doctor.examination import examine, examine_quickly
from bot.doctor.finding import CHECKS, Finding, Level

__all__ = ["CHECKS", "Finding", "Level", "examine", "examine_quickly"]
