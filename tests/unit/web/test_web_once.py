"""Forms that must not be carried out twice."""

from bot.web import once
from bot.web.once import Once


def test_a_mark_is_taken_once_unless_given_back() -> None:
    marks = Once()
    mark = marks.new()
    assert marks.take(mark)
    assert not marks.take(mark)
    marks.give_back(mark)
    assert marks.take(mark)


def test_only_the_latest_marks_are_remembered() -> None:
    marks = Once()
    for number in range(once.REMEMBERED + 1):
        marks.take(str(number))
    assert not marks.take(str(once.REMEMBERED))
    assert marks.take("0")
