"""What the server refuses, in Telegram's words."""

from __future__ import annotations


class ApiError(Exception):
    """An answer with `ok: false`; `code` is its HTTP status and error_code."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad_request(description: str) -> ApiError:
    """A 400 with the prefix that Telegram gives it."""
    return ApiError(400, f"Bad Request: {description}")


def forbidden(description: str) -> ApiError:
    """A 403 with the prefix that Telegram gives it."""
    return ApiError(403, f"Forbidden: {description}")


def too_many(retry_after: int) -> ApiError:
    """A 429 that says when to come back, in seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
