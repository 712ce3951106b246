"""Text to `Understanding`: knows no channel, no database, nothing of the bot."""
