"""The peer: a bare echo bot as python-telegram-bot's own examples build one, without a database."""

from __future__ import annotations

import os

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say what was said."""
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


def main() -> None:
    """Poll until stopped. `ECHO_CONCURRENT` is how many updates it handles at once (0: one by one)."""
    concurrent = int(os.environ.get("ECHO_CONCURRENT", "0"))
    application = (
        Application.builder()
        .token(os.environ["VOCERO_TELEGRAM_TOKEN"])
        .base_url(os.environ["VOCERO_TELEGRAM_BASE_URL"])
        .concurrent_updates(concurrent or False)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


if __name__ == "__main__":
    main()
