"""Write `.env.example` anew from the settings and what both operators' pages say of each.

`python scripts/env_example.py`, after a setting came or went; a test holds the file against both.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pydantic import SecretStr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot.settings import PREFIX, Settings  # noqa: E402 # the line above lets it be found from anywhere

PAGES = ("operators.md", "operadores.md")
GROUPS = (
    ("The instance / La instancia", ("home", "data", "database")),
    ("Telegram", ("telegram",)),
    ("Discord", ("discord",)),
    ("The web chat and the staff page / El chat web y la página del equipo", ("web", "staff")),
    ("Watching it / Vigilancia", ("metrics", "disk", "backup", "log")),
    ("Manners and limits / Modales y límites", ("",)),
)
HEAD = """\
# Settings of one instance: copy this file to .env, keep that for the bot's user only (chmod 600 .env), and
# take the # from the lines that you change. Each shows its default. What all of it means: docs/operators.md
#
# Ajustes de una instancia: copia este archivo como .env, déjalo solo para el usuario del bot (chmod 600 .env)
# y quita el # de las líneas que cambies. Cada una muestra su valor por omisión. Más: docs/operadores.md
"""
TAIL = """\
# ---- docker compose ----

# Which profiles run beside the bot: postgres, https, or both with a comma.
# Qué perfiles van junto al bot: postgres, https, o ambos con una coma.
#COMPOSE_PROFILES=

# The password of the database in the profile postgres; put it into VOCERO_DATABASE_URL too:
# La clave de la base de datos en el perfil postgres; ponla también en VOCERO_DATABASE_URL:
# postgresql://vocero:PASSWORD@postgres/vocero
#POSTGRES_PASSWORD=
"""


def example() -> str:
    """The whole file."""
    told = [sentences(page) for page in PAGES]
    left = list(Settings.model_fields)
    lines = [HEAD]
    for title, beginnings in GROUPS:
        group = [name for name in left if name.startswith(beginnings)]
        left = [name for name in left if name not in group]
        lines.append(f"# ---- {title} ----\n")
        for name in group:
            setting = f"{PREFIX}{name.upper()}"
            lines += [f"# {page.get(setting, '')}" for page in told]
            lines.append(f"#{setting}={default(name)}\n")
    return "\n".join([*lines, TAIL])


def sentences(page: str) -> dict[str, str]:
    """What a page says of each setting, without marks and links."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(VOCERO_\w+)` \| .*? \| (.*?) \|$", text, re.MULTILINE)
    return {name: re.sub(r"\[(.*?)\]\(.*?\)", r"\1", said).replace("`", "") for name, said in rows}


def default(name: str) -> str:
    """A setting's default as one writes it."""
    value = Settings.model_fields[name].default
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    if value == ():
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    (ROOT / ".env.example").write_text(example(), encoding="utf-8")
