"""What the server refuses, in Discord's codes.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from typing import Any

CODES: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10066: (404, "Unknown application command permissions"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30013: (400, "Maximum number of guild channels reached (500)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    30048: (400, "Maximum number of tags in a forum channel has been reached (20)"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40062: (429, "Service resource is being rate limited."),
    40066: (400, "There are no tags available that can be set by non-moderators"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    160006: (400, "Maximum number of active threads reached"),
}


class ApiError(Exception):
    """An answer that is not 2xx: HTTP status, Discord's code, words, and what else the body holds."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(f"{code} {message} {more or ''}".strip())
        self.status, self.code, self.message, self.more = status, code, message, more
        self.headers: dict[str, str] = {}

    def json(self) -> dict[str, Any]:
        return {"message": self.message, "code": self.code} | self.more


def refused(code: int) -> ApiError:
    """The error of one of Discord's codes."""
    status, message = CODES[code]
    return ApiError(status, code, message)


def plain(status: int, words: str) -> ApiError:
    """An error without a code of its own, such as `404: Not Found`."""
    return ApiError(status, 0, f"{status}: {words}")


class Form:
    """Collects what is wrong with the fields of a request, as the tree that Discord answers with."""

    def __init__(self) -> None:
        self.errors: dict[str, Any] = {}

    def wrong(self, path: str, code: str, message: str) -> None:
        """Note one error; the path is dotted, such as `components.0.label`."""
        at = self.errors
        for part in path.split("."):
            at = at.setdefault(part, {})
        at.setdefault("_errors", []).append({"code": code, "message": message})

    def text(self, path: str, value: object, low: int, high: int) -> str:
        """A string of `low` to `high` characters."""
        if not isinstance(value, str):
            self.wrong(path, "BASE_TYPE_REQUIRED" if value is None else "STRING_TYPE_CONVERT", "Bad string.")
            return ""
        if len(value) > high:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        elif len(value) < low:
            if low == 1:
                self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
            else:
                self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return value

    def choice(self, path: str, value: object, choices: tuple[object, ...]) -> None:
        """One of a few values."""
        if value not in choices:
            named = ", ".join(str(choice) for choice in choices)
            self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of ({named}).")

    def done(self) -> None:
        """Raise 50035 if something was wrong."""
        if self.errors:
            error = refused(50035)
            error.more["errors"] = self.errors
            error.args = (f"{error} {self.errors}",)
            raise error
