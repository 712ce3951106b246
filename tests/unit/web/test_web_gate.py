"""Who is asking: origins, addresses behind proxies, and this very machine."""

from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.channels.web import Gate
from bot.channels.web.gate import household


def asking(peer: str = "127.0.0.1", host: str = "chat.example", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (peer, 5000) if name == "peername" else default
    return make_mocked_request("GET", "/", headers={"Host": host, **named}, transport=transport)


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("https://chat.example", True),
        ("https://CHAT.example", True),
        ("https://shop.example", True),
        ("https://shop.example:443", True),
        ("http://shop.example", False),
        ("https://shop.example.evil.example", False),
        ("https://evil.example", False),
        ("https://chat.example:8443", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("https://[bad", False),
    ],
)
def test_only_our_own_and_listed_origins_are_welcome(origin: str, welcome: bool) -> None:
    gate = Gate(origins=("https://shop.example/",))
    assert gate.welcomes(asking(Origin=origin)) is welcome


def test_a_request_without_origin_is_not_welcome() -> None:
    assert not Gate().welcomes(asking())


def test_a_listed_origin_may_chat_but_is_not_our_own_page() -> None:
    gate = Gate(origins=("https://shop.example",))
    request = asking(Origin="https://shop.example")
    assert gate.welcomes(request)
    assert not gate.is_own(request)


def test_the_public_address_counts_as_our_own_behind_a_proxy() -> None:
    gate = Gate(public_url="https://chat.example/")
    assert gate.is_own(asking(host="127.0.0.1:8080", Origin="https://chat.example"))


def test_forwarded_addresses_are_believed_from_trusted_proxies_only() -> None:
    gate = Gate(proxies=("10.0.0.1", "10.0.0.2"))
    chain = "6.6.6.6, 203.0.113.9, 10.0.0.2"
    assert gate.address(asking(peer="10.0.0.1", X_Forwarded_For=chain)) == "203.0.113.9"
    assert gate.address(asking(peer="198.51.100.7", X_Forwarded_For=chain)) == "198.51.100.7"
    assert gate.address(asking(peer="10.0.0.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "host", "headers", "local"),
    [
        ("127.0.0.1", "127.0.0.1:8080", {}, True),
        ("::1", "[::1]:8080", {}, True),
        ("127.0.0.1", "localhost", {}, True),
        ("127.0.0.1", "evil.example", {}, False),
        ("127.0.0.1", "localhost.evil.example", {}, False),
        ("192.168.1.9", "127.0.0.1", {}, False),
        ("127.0.0.1", "127.0.0.1", {"X_Forwarded_For": "203.0.113.9"}, False),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}, False),
    ],
)
def test_only_this_machine_by_a_local_name_is_local(
    peer: str, host: str, headers: dict[str, str], local: bool
) -> None:
    assert Gate().is_local(asking(peer, host, **headers)) is local


def test_https_is_believed_from_the_socket_the_public_address_or_a_trusted_proxy() -> None:
    assert not Gate().is_secure(asking(X_Forwarded_Proto="https"))
    assert Gate(proxies=("127.0.0.1",)).is_secure(asking(X_Forwarded_Proto="https"))
    assert Gate(public_url="https://chat.example").is_secure(asking())


@pytest.mark.parametrize(
    ("address", "limited_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_household_is_limited_as_one(address: str, limited_as: str) -> None:
    assert household(address) == limited_as
