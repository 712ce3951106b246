"""The window that counts events."""

from bot.channels.web.limits import Window


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_window_lets_so_many_through_and_tells_when_the_next_fits() -> None:
    clock = Clock()
    window = Window(2, 10.0, clock)
    assert window.take("ana") == 0.0
    clock.now += 4
    assert window.take("ana") == 0.0
    assert window.take("ana") == 6.0
    assert window.take("luis") == 0.0, "another key has its own count"
    clock.now += 6
    assert window.take("ana") == 0.0


def test_a_refused_event_does_not_push_the_next_one_away() -> None:
    clock = Clock()
    window = Window(1, 10.0, clock)
    window.take("ana")
    for _ in range(9):
        clock.now += 1
        assert window.take("ana") > 0
    clock.now += 1
    assert window.take("ana") == 0.0


def test_quiet_keys_are_forgotten() -> None:
    clock = Clock()
    window = Window(1, 10.0, clock)
    for number in range(1000):
        window.take(str(number))
    clock.now += 21
    window.take("ana")
    assert set(window._seen) == {"ana"}
