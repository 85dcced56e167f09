"""What is said of a drift: when it comes, when it turns into another, once a day while it stays, when it is over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.drift.row import Drift, Kind
from control_plane.domain.findings import Severity
from control_plane.domain.messages.announcements import DetailType
from control_plane.domain.watch.book import AT_ONCE, Acknowledgement, Book, turned

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHECK = timedelta(minutes=15)
NEW, OVER = DetailType.DRIFT_DETECTED, DetailType.DRIFT_RESOLVED


def drift(fingerprint: str = "rtb-1", is_: str = "203.0.113.9", severity: Severity = Severity.BLOCKS) -> Drift:
    return Drift(
        fingerprint=fingerprint,
        kind=Kind.EGRESS,
        subject=fingerprint,
        instance_group_names=("worker",),
        was="198.51.100.4",
        is_=is_,
        effect=f"worker leaves by {is_}",
        severity=severity,
        remedy="Point it back.",
    )


def told(*looks: list[Drift], every: timedelta = CHECK, unsure: tuple[str, ...] = ()) -> list[list[DetailType]]:
    """What is said after each of these looks."""
    book, said = Book(), list[list[DetailType]]()
    for number, found in enumerate(looks):
        seen = {one.fingerprint: one for one in found}
        book, says = turned(book, seen, NOON + number * every, unsure=unsure if number else ())
        said.append([saying.detail_type for saying in says])
    return said


def test_a_drift_is_told_once_and_its_end_once() -> None:
    assert told([drift()], [drift()], [], []) == [[NEW], [], [OVER], []]


def test_one_that_turns_into_another_is_told_again() -> None:
    assert told([drift()], [drift(is_="203.0.113.10")]) == [[NEW], [NEW]]


def test_one_that_stays_is_told_again_once_a_day() -> None:
    said = told(*[[drift()]] * 97)
    assert [place for place, says in enumerate(said) if says] == [0, 96]


def test_one_that_only_could_not_be_read_is_told_once() -> None:
    assert told(*[[drift(severity=Severity.UNKNOWN)]] * 200)[1:] == [[]] * 199


def test_one_that_comes_and_goes_is_over_only_after_an_hour_of_calm() -> None:
    flapping = [[drift()], []] * 6 + [[]] * 6
    said = told(*flapping, every=timedelta(minutes=10))
    assert [says for says in said if says] == [[NEW], [OVER], [NEW], [OVER], [NEW], [OVER]]
    assert said.index([OVER], 4) >= 11 + 5


def test_one_that_returns_after_an_hour_of_calm_is_a_new_one_however_long_ago_its_book_was_kept() -> None:
    assert told(*[[drift()], []] * 5, every=timedelta(hours=1)) == [[NEW], [OVER]] * 5


def test_what_a_look_cannot_decide_stays_as_it_is() -> None:
    assert told([drift()], [], unsure=("rtb-1",)) == [[NEW], []]


def test_what_a_transaction_has_no_room_for_is_told_by_the_next_look() -> None:
    many = [drift(f"rtb-{number}") for number in range(AT_ONCE + 7)]
    assert [len(says) for says in told(many, many, many)] == [AT_ONCE, 7, 0]


WORD = Acknowledgement(by="ada", at=NOON, reason="We know, and wait for the partner.")


def acknowledged() -> Book:
    book, _ = turned(Book(), {"rtb-1": drift()}, NOON)
    known = book.acknowledging("rtb-1", WORD)
    assert known is not None
    return known


def test_of_one_that_is_acknowledged_nobody_is_reminded() -> None:
    book, says = turned(acknowledged(), {"rtb-1": drift()}, NOON + timedelta(days=9))
    assert says == []
    [shown] = book.shown
    assert (shown.acknowledged, shown.first_seen, shown.last_seen) == (WORD, NOON, NOON + timedelta(days=9))


@pytest.mark.parametrize("becomes", [[drift(is_="203.0.113.10")], []], ids=["another", "nothing"])
def test_what_one_turns_into_and_its_return_are_not_acknowledged(becomes: list[Drift]) -> None:
    book, says = turned(acknowledged(), {one.fingerprint: one for one in becomes}, NOON + CHECK)
    assert [saying.detail_type for saying in says] == [NEW if becomes else OVER]
    book, _ = turned(book, {"rtb-1": drift(is_="203.0.113.10")}, NOON + 2 * CHECK)
    assert [one.acknowledged for one in book.shown] == [None]


def test_an_unknown_drift_and_one_that_is_over_cannot_be_acknowledged() -> None:
    book, _ = turned(acknowledged(), {}, NOON + CHECK)
    assert [book.acknowledging(one, WORD) for one in ("rtb-1", "rtb-2")] == [None, None]


@given(st.lists(st.lists(st.sampled_from(["rtb-1", "rtb-2"]), unique=True), max_size=30))
def test_of_one_cause_no_end_is_told_that_was_not_begun_and_none_stays_open_that_is_over(
    looks: list[list[str]],
) -> None:
    book, open_ones = Book(), set[str]()
    for number, found in enumerate(looks):
        book, says = turned(book, {one: drift(one) for one in found}, NOON + number * CHECK)
        for saying in says:
            (open_ones.add if saying.detail_type is NEW else open_ones.remove)(saying.drift.fingerprint)
        assert set(book.open) == open_ones
        assert set(found) <= open_ones


@pytest.mark.parametrize("version", [0, 41])
def test_each_change_of_a_book_is_a_new_version(version: int) -> None:
    assert turned(Book(version=version), {}, NOON)[0].version == version + 1
