"""Limits against a model that counts naively: by exact fractions, call after call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.meters import MAX_METERS, Meters, Reading
from emulator.model.overlay import Limit
from emulator.model.place import Place
from emulator.values.durations import MILLISECOND, SECOND

GAPS = st.integers(0, 5) | st.integers(0, 10 * SECOND) | st.sampled_from([SECOND, 1_000_000_007, 10**18])
LIMITS = st.builds(
    Limit,
    st.just("l"),
    st.just(("*",)),
    st.integers(1, 7) | st.integers(1, 10**6),
    st.sampled_from([1, 7, MILLISECOND, SECOND, 10 * SECOND, 3_600 * SECOND]) | st.integers(1, 10**10),
    st.just(Place("f.yaml", 1, 1)),
)
settled = settings(max_examples=300)


@dataclass
class Bucket:
    """Has `allow` calls at first; they come back evenly, `allow` in `per`."""

    limit: Limit
    left: Fraction
    at: int

    def call(self, now: int) -> bool:
        gained = Fraction((now - self.at) * self.limit.allow, self.limit.per)
        self.left = min(Fraction(self.limit.allow), self.left + gained)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Window:
    """Has `allow` calls; all of them are back `per` after the first."""

    limit: Limit
    began: int | None = None
    used: int = 0

    def call(self, now: int) -> bool:
        if self.began is None or now >= self.began + self.limit.per:
            self.began, self.used = now, 0
        if self.used >= self.limit.allow:
            return False
        self.used += 1
        return True


def instants(gaps: list[int]) -> Iterator[int]:
    now = 0
    for gap in gaps:
        now += gap
        yield now


def ask(meters: Meters, limit: Limit, now: int, caller: str = "") -> Reading:
    """Call once: it counts where it is within the limit."""
    reading = meters.read(limit, caller, now)
    if not reading.is_over:
        meters.count(meters.read(limit, caller, now), caller)
    return reading


@settled
@given(limit=LIMITS, gaps=st.lists(GAPS, max_size=40))
def test_a_bucket_lets_through_what_the_model_lets_through(limit: Limit, gaps: list[int]) -> None:
    meters, model = Meters(), Bucket(limit, Fraction(limit.allow), 0)
    for now in instants(gaps):
        reading = ask(meters, limit, now)
        assert reading.is_over is not model.call(now)
        assert reading.left == (0 if reading.is_over else int(model.left))


@settled
@given(limit=LIMITS, gaps=st.lists(GAPS, max_size=40))
def test_a_window_lets_through_what_the_model_lets_through(limit: Limit, gaps: list[int]) -> None:
    limit = Limit(limit.name, limit.on, limit.allow, limit.per, limit.place, is_window=True)
    meters, model = Meters(), Window(limit)
    for now in instants(gaps):
        reading = ask(meters, limit, now)
        assert reading.is_over is not model.call(now)
        assert reading.left == limit.allow - model.used


@settled
@given(limit=LIMITS, gaps=st.lists(GAPS, min_size=1, max_size=20), is_window=st.booleans())
def test_who_waits_as_long_as_told_gets_in_and_who_comes_a_moment_earlier_does_not(
    limit: Limit, gaps: list[int], *, is_window: bool
) -> None:
    limit = Limit(limit.name, limit.on, min(limit.allow, 5), limit.per, limit.place, is_window=is_window)
    meters = Meters()
    now = list(instants(gaps))[-1]
    while not (reading := ask(meters, limit, now)).is_over:
        pass
    assert reading.retry_after >= 1
    assert reading.more_at == now + reading.retry_after <= reading.full_at
    assert meters.read(limit, "", now + reading.retry_after - 1).is_over
    assert not meters.read(limit, "", now + reading.retry_after).is_over


@settled
@given(limit=LIMITS, gaps=st.lists(GAPS, min_size=1, max_size=20), is_window=st.booleans())
def test_a_reading_says_when_there_are_more_and_when_all_are_back(
    limit: Limit, gaps: list[int], *, is_window: bool
) -> None:
    limit = Limit(limit.name, limit.on, limit.allow, limit.per, limit.place, is_window=is_window)
    meters = Meters()
    for now in instants(gaps):
        reading = ask(meters, limit, now)
        after = meters.read(limit, "", reading.more_at)
        assert reading.full_at >= reading.more_at > now
        assert not after.is_over
        assert after.left >= reading.left
        assert meters.read(limit, "", reading.full_at).left == limit.allow - 1
        if not reading.is_over and not limit.is_window and reading.more_at - 1 > now:
            assert meters.read(limit, "", reading.more_at - 1).left <= reading.left - 1 or not reading.left


@given(limit=LIMITS, callers=st.lists(st.sampled_from("abc"), max_size=60))
def test_each_caller_has_a_meter_of_its_own(limit: Limit, callers: list[str]) -> None:
    together = Meters()
    apart = {name: Meters() for name in "abc"}
    for now, caller in enumerate(callers):
        assert ask(together, limit, now, caller) == ask(apart[caller], limit, now)


@settled
@given(limit=LIMITS, steps=st.lists(st.tuples(GAPS, st.booleans()), max_size=40), is_window=st.booleans())
def test_taking_a_call_is_reading_and_counting_it(
    limit: Limit, steps: list[tuple[int, bool]], *, is_window: bool
) -> None:
    limit = Limit(limit.name, limit.on, limit.allow, limit.per, limit.place, is_window=is_window)
    slow, quick, now = Meters(), Meters(), 10 * SECOND
    for gap, is_back in steps:
        now += -gap if is_back else gap
        reading = slow.read(limit, "", now)
        if not reading.is_over:
            slow.count(reading, "")
        assert quick.take(limit, "", now) is not reading.is_over
        assert quick.read(limit, "", now) == slow.read(limit, "", now)


def test_meters_are_bounded_and_the_one_used_last_is_kept() -> None:
    meters = Meters()
    limit = Limit("l", ("*",), 1, SECOND, Place("f.yaml", 1, 1))
    for number in range(MAX_METERS):
        meters.count(meters.read(limit, str(number), 0), str(number))
    meters.count(meters.read(limit, "0", SECOND), "0")
    for number in range(MAX_METERS - 1):
        meters.count(meters.read(limit, f"new {number}", SECOND), f"new {number}")

    assert len(meters) == MAX_METERS
    assert meters.read(limit, "0", SECOND).is_over
    assert not meters.read(limit, "1", 0).is_over


@given(limit=LIMITS, back=st.integers(1, 10**18), is_window=st.booleans())
def test_a_clock_that_is_put_back_begins_a_limit_anew(limit: Limit, back: int, *, is_window: bool) -> None:
    limit = Limit(limit.name, limit.on, 1, limit.per, limit.place, is_window=is_window)
    meters = Meters()
    assert not ask(meters, limit, 10**18).is_over
    assert ask(meters, limit, 10**18).is_over
    assert not ask(meters, limit, 10**18 - back).is_over
    assert ask(meters, limit, 10**18 - back).is_over
