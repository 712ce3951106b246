"""What the doctor finds: which check, how bad, and what fills its sentences; never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The bot does not start, or does not do what it is for."""
    WARNING = "warning"
    """It works, and will fail or harm somebody some day."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""


CHECKS: Final[Mapping[str, Level]] = {
    "backup_none": Level.WARNING,
    "backup_old": Level.WARNING,
    "brand_errors": Level.ERROR,
    "brand_missing": Level.ERROR,
    "clock_off": Level.WARNING,
    "data_not_writable": Level.ERROR,
    "data_open_to_others": Level.WARNING,
    "database_damaged": Level.ERROR,
    "database_encoding": Level.ERROR,
    "database_locked": Level.WARNING,
    "database_missing": Level.NOTE,
    "database_newer": Level.ERROR,
    "database_not_ours": Level.ERROR,
    "database_not_writable": Level.ERROR,
    "database_old": Level.ERROR,
    "database_refused": Level.ERROR,
    "database_server_old": Level.ERROR,
    "database_unreachable": Level.ERROR,
    "database_url": Level.ERROR,
    "discord_channel_kind": Level.ERROR,
    "discord_channel_missing": Level.ERROR,
    "discord_content_intent": Level.WARNING,
    "discord_rights": Level.ERROR,
    "discord_token": Level.ERROR,
    "discord_token_shape": Level.ERROR,
    "discord_unreachable": Level.WARNING,
    "disk_full": Level.ERROR,
    "disk_inodes": Level.WARNING,
    "disk_low": Level.WARNING,
    "doctor_failed": Level.WARNING,
    "env_line": Level.WARNING,
    "env_open_to_others": Level.WARNING,
    "files_not_writable": Level.ERROR,
    "host_unknown": Level.ERROR,
    "locale": Level.WARNING,
    "memory_low": Level.WARNING,
    "metrics_token_short": Level.WARNING,
    "model_untrained": Level.NOTE,
    "models_not_writable": Level.ERROR,
    "open_files": Level.WARNING,
    "origin_bad": Level.ERROR,
    "port_privileged": Level.ERROR,
    "port_taken": Level.ERROR,
    "privacy_sample": Level.WARNING,
    "proxies_missing": Level.WARNING,
    "proxy_bad": Level.ERROR,
    "public_url_bad": Level.ERROR,
    "public_url_insecure": Level.WARNING,
    "public_url_unreachable": Level.WARNING,
    "setting_unknown": Level.WARNING,
    "setting_wrong": Level.ERROR,
    "sqlite_old": Level.ERROR,
    "staff_nowhere": Level.WARNING,
    "staff_remote_insecure": Level.ERROR,
    "telegram_groups_off": Level.WARNING,
    "telegram_privacy_mode": Level.WARNING,
    "telegram_staff_chat_kind": Level.ERROR,
    "telegram_staff_chat_missing": Level.ERROR,
    "telegram_staff_chat_moved": Level.ERROR,
    "telegram_staff_chat_rights": Level.ERROR,
    "telegram_token": Level.ERROR,
    "telegram_token_shape": Level.ERROR,
    "telegram_unreachable": Level.WARNING,
    "telegram_webhook": Level.WARNING,
    "telegram_webhook_failing": Level.ERROR,
}
"""Every check and how bad it is when it finds something."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `values` fill the sentences of `check`."""

    check: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """How bad it is."""
        return CHECKS[self.check]


def found(check: str, **values: object) -> Finding:
    """A finding of a known check."""
    assert check in CHECKS, check
    return Finding(check, {name: str(value) for name, value in values.items()})
