"""From the bot to a person and back: cases, desks, notices and alerts."""
