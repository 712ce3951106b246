"""Settings of a process, from the environment and `.env`; what the brand says lives in `config/` instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError

PREFIX = "VOCERO_"


class Settings(BaseSettings):
    """Every setting, its default and what it is for; each is an environment variable `VOCERO_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(Path("."), description="Folder that holds faq/ and config/.")
    data: Path = Field(Path("data"), description="Folder for the database, files and trained models.")
    database_url: str = Field("", description="Database address; empty means SQLite in the data folder.")

    telegram_token: SecretStr = Field(
        SecretStr(""), description="Token of the Telegram bot; empty leaves Telegram off."
    )
    telegram_staff_chat: str = Field("", description="Id of the Telegram chat where staff works cases.")
    telegram_base_url: str = Field(
        "https://api.telegram.org/bot", description="Address of the Bot API server, up to the token."
    )
    telegram_file_url: str = Field(
        "https://api.telegram.org/file/bot", description="Address for files of the Bot API server."
    )
    telegram_webhook: str = Field(
        "",
        description="Address to which Telegram brings updates; auto makes it of the public one; empty: the "
        "bot fetches them.",
    )
    telegram_webhook_secret: SecretStr = Field(
        SecretStr(""), description="What Telegram shows at the webhook; empty: the bot makes it of its token."
    )
    telegram_limits: bool = Field(True, description="Keep Telegram's sending limits (off only for benches).")

    discord_token: SecretStr = Field(
        SecretStr(""), description="Token of the Discord bot; empty leaves Discord off."
    )
    discord_staff_channel: str = Field(
        "", pattern=r"^\d*$", description="Id of the Discord channel where staff works cases."
    )
    discord_fallback_channel: str = Field(
        "",
        pattern=r"^\d*$",
        description="Id of a text channel for private threads with members whose direct messages are closed.",
    )
    discord_shards: str = Field(
        "",
        pattern=r"^(auto|[1-9]\d*)?$",
        description="How many gateway connections: auto asks Discord; needed from 2,500 servers on.",
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10", description="Address of Discord's API, with its version."
    )
    discord_gateway_url: str = Field("", description="Address of Discord's gateway; empty asks the API.")
    discord_cdn_url: str = Field(
        "https://cdn.discordapp.com", description="Address that members' files are fetched from."
    )

    web_host: str = Field("127.0.0.1", description="Address that the web chat and staff page listen on.")
    web_port: int = Field(8080, ge=0, le=65535, description="Port of the web chat; 0 picks a free one.")
    web_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins that may embed the web chat, separated by commas."
    )
    web_public_url: str = Field("", description="Address under which members reach the web chat.")
    web_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies before us, separated by commas; they may say who asks."
    )
    staff_remote: bool = Field(
        False, description="Serve the staff page to other machines too (put it behind https)."
    )

    metrics_token: SecretStr = Field(
        SecretStr(""), description="Whoever shows it may read /metrics; empty: this machine only."
    )

    disk_low_mb: int = Field(
        500, ge=0, description="Free space in the data folder, in MB, below which staff is warned; 0: never."
    )
    disk_critical_mb: int = Field(
        100, ge=0, description="Free space, in MB, below which it is said to be all but full; 0: never."
    )
    backups: str = Field("", description="Folder of backups whose age is watched; empty: none.")
    backup_days: int = Field(2, ge=1, description="Days after which the newest backup counts as too old.")

    settle_seconds: float = Field(
        2.0, ge=0, le=30, description="Wait for a member to finish a thought, in seconds; 0 answers at once."
    )
    file_limit_mb: int = Field(20, ge=1, le=50, description="Largest file of a member that is kept, in MB.")
    limit_member_burst: int = Field(
        20, ge=0, le=1000, description="Messages of one member that are taken at once; 0 lifts the limit."
    )
    limit_member_per_minute: int = Field(
        60, ge=0, le=6000, description="Messages of one member in a minute, on the long run; 0 lifts it."
    )
    limit_place_per_minute: int = Field(
        120, ge=0, description="Messages to the bot in one public place in a minute; 0 lifts the limit."
    )
    limit_newcomers_per_minute: int = Field(
        1800, ge=0, description="People who may write for the first time in a minute; 0 lifts the limit."
    )
    limit_files_per_day: int = Field(
        50, ge=0, description="Files of one member that are kept within a day; 0 lifts the limit."
    )
    limit_file_mb_per_day: int = Field(
        200,
        ge=0,
        description="Megabytes of one member's files that are kept within a day; 0 lifts it.",
    )
    drain_seconds: float = Field(10.0, ge=0, description="Time to finish open work when stopping.")
    knowledge_rest_seconds: float = Field(
        3.0, ge=0, description="How long edited files must rest before they are checked and published."
    )
    lang: str = Field("es", pattern="^(es|en)$", description="Language of the staff place and of the log.")
    log_format: str = Field("auto", pattern="^(auto|json|text)$", description="How log lines look.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="What is logged.")

    @field_validator("web_origins", "web_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):
            raise ValueError("up to 256 letters, digits, - and _")
        return value

    @property
    def database(self) -> str:
        """The database's address, also when none was given."""
        return self.database_url or f"sqlite:///{(self.data / 'vocero.db').as_posix()}"

    @property
    def files(self) -> Path:
        """Where files of members are kept."""
        return self.data / "files"

    @property
    def models(self) -> Path:
        """Where trained models are kept."""
        return self.data / "models"


def read(**given: object) -> Settings:
    """Read the settings; `given` ones go before the environment. SettingsError names each bad one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what it is given
    except ValidationError as error:
        lines = [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        raise SettingsError(
            "; ".join(lines), remedy="Correct it in the environment or in .env.", where="settings"
        ) from None
