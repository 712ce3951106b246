"""Which language a page speaks."""

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.domain import EN, ES, PT
from bot.web.language import accepted, choose


@pytest.mark.parametrize(
    ("path", "header", "cookie", "expected"),
    [
        ("/chat", "", "", ES),
        ("/chat", "de, en;q=0.8, es;q=0.9", "", ES),
        ("/chat", "pt-BR,pt;q=0.9,en;q=0.8", "", PT),
        ("/chat", "es", "lang=en", EN),
        ("/chat?lang=pt", "es", "lang=en", PT),
        ("/chat?lang=xx", "en", "", EN),
        ("/chat", "fr", "", ES),
        ("/chat", "en;q=nonsense, pt;q=0, en;q=0.1", "", EN),
    ],
)
def test_the_address_goes_before_the_cookie_and_the_browser(
    path: str, header: str, cookie: str, expected: str
) -> None:
    request = make_mocked_request("GET", path, headers={"Accept-Language": header, "Cookie": cookie})
    assert choose(request, (ES, EN, PT), cookie="lang") == expected


def test_languages_come_by_weight() -> None:
    assert accepted("en;q=0.5, es-CL, pt;q=0.7") == ["es-CL", "pt", "en"]
