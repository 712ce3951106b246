"""All texts that the bot says by itself, per language, and the words of dates and commands."""
