"""Templates: escaped by default, with the texts of one language at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.assets import Assets


class Renderer:
    """Renders the files of `templates/`; there `t("key", name=...)` is a text, `asset(name)` an address."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = assets.url

    def render(self, template: str, texts: Mapping[str, str], **values: object) -> str:
        """A template as text."""

        def t(key: str, **given: object) -> str:
            # The template escapes the result; a text is formatted before, so what fills it is escaped too.
            return texts[key].format(**given) if given else texts[key]

        return self._environment.get_template(template).render(t=t, **values)

    def page(
        self, template: str, texts: Mapping[str, str], *, policy: str, status: int = 200, **values: object
    ) -> web.Response:
        """A template as a page with its Content-Security-Policy."""
        return web.Response(
            text=self.render(template, texts, **values),
            status=status,
            content_type="text/html",
            headers={"Content-Security-Policy": policy},
        )
