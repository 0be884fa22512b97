"""Fake data: what Faker draws by our seed and our clock, within bounds, and nothing else of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.expressions.compile import TextError, compile_tree, evaluate, read_text
from emulator.expressions.context import Context
from emulator.expressions.errors import BudgetError, EvaluationError, ExpressionError
from emulator.expressions.functions import DRAWING, TABLE
from emulator.expressions.functions.fake_names import NAMES
from emulator.expressions.functions.fakes import PREFIX
from emulator.expressions.locales import check_locale
from emulator.values.convex import Int64
from emulator.values.formats import Format, encode

NOON = 1_707_393_600_000_000_000  # 2024-02-08
MS = NOON // 1_000_000
DAY = 86_400_000
SOURCES = {"args": {"big": Int64(3), "few": 2.0, "rows": [{"n": 1.0}], "bytes": b"x"}}


def value(expression: str, stream: str = "s", *, now: int = NOON, locale: str = "en_US") -> Any:
    compiled = compile_tree(read_text(f"${{{expression}}}", None), SOURCES)
    return evaluate(compiled, SOURCES, Context(stream, now, locale=locale))


def values(expression: str, count: int = 60, **options: Any) -> list[Any]:
    return [value(expression, str(number), **options) for number in range(count)]


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000


def test_the_same_stream_draws_the_same_and_two_calls_differ() -> None:
    drawn = "[fake.name(), fake.name(), fake.email(), fake.profile(), fake.date_time(), fake.color(), uuid()]"

    assert value(drawn, "one") == value(drawn, "one")
    assert value(drawn, "one") != value(drawn, "two")
    first, second, *_ = value(drawn, "one")
    assert first != second


def test_draws_do_not_touch_what_other_programs_draw_from() -> None:
    import faker.generator

    before = random.getstate(), faker.generator.random.getstate()
    value("[fake.profile(), fake.words(nb=20), fake.color(), fake.uuid7()]")

    assert (random.getstate(), faker.generator.random.getstate()) == before


def test_what_was_drawn_before_in_other_evaluations_makes_no_difference() -> None:
    there = {name: value(f"fake.{name}()") for name in NAMES}
    back = {name: value(f"fake.{name}()") for name in reversed(NAMES)}

    assert there == back


DRAW_ALL = """
from emulator.expressions import context, fake
from emulator.expressions.functions.fake_names import NAMES, signature_of
for locale in ("en_US", "ko_KR", "ja_JP", "it_IT", "th_TH"):
    for name in NAMES:
        print(name, ascii(fake.draw(name, context.Context(name, 1_707_393_600_000_000_000, locale=locale),
                                    signature_of(name).bind())))
"""


def test_every_process_draws_the_same_wherever_its_machine_stands() -> None:
    drawn = [
        subprocess.run(
            [sys.executable, "-c", DRAW_ALL], env={**os.environ, **each}, capture_output=True, check=True, text=True
        ).stdout
        for each in ({"PYTHONHASHSEED": "1", "TZ": "Asia/Seoul"}, {"PYTHONHASHSEED": "2", "TZ": "America/New_York"})
    ]

    assert len(drawn[0].splitlines()) == 5 * len(NAMES)
    assert drawn[0] == drawn[1]


def test_names_are_those_of_the_locale() -> None:
    for name in values("fake.name()", 20, locale="ko_KR"):
        assert all("가" <= letter <= "힣" for letter in name)
    assert all(name.isascii() for name in values("fake.name()", 20))


def test_what_a_locale_has_not_is_drawn_in_english() -> None:
    assert value("fake.military_ship()", locale="ko_KR") == value("fake.military_ship()")
    assert value("fake.ssn()", locale="fi_FI") == value("fake.ssn()")


@pytest.mark.parametrize("locale", ["en_US", "ko_KR", "ja_JP", "de_DE"])
def test_every_function_gives_a_value_that_convex_has(locale: str) -> None:
    for name in NAMES:
        for each in values(f"fake.{name}()", 3, locale=locale):
            encode(each, Format.ENCODED)


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ('fake.date_time_between("-30d", "now")', MS - 30 * DAY, MS),
        ("fake.date_time_between(ago('1h'), iso())", MS - 3_600_000, MS),
        ('fake.date_time_between("2024-01-01", "2024-01-02T12:00:00+09:00")', day("2024-01-01"), day("2024-01-02T03")),
        ("fake.past_datetime()", MS - 30 * DAY, MS - 1_000),
        ("fake.future_datetime('+1w+2d')", MS + 1_000, MS + 9 * DAY),
        ("fake.date_time_between_dates('today', 'now')", day("2024-02-08"), MS),
        ("fake.date_time_this_month()", day("2024-02-01"), MS),
        ("fake.date_time_this_month(false, true)", MS, day("2024-03-01")),
        ("fake.date_time_this_month(false, false)", MS, MS),
        ("fake.date_time_this_year()", day("2024-01-01"), MS),
        ("fake.date_time_this_year(after_now=true)", day("2024-01-01"), day("2025-01-01")),
        ("fake.date_time_this_decade()", day("2020-01-01"), MS),
        ("fake.date_time_this_century()", day("2000-01-01"), MS),
        ("fake.date_time()", 0, MS),
        ("fake.date_time(end_datetime=1000)", 0, 1000),
        ("fake.date_time_ad()", day("0001-01-01"), MS),
        ("fake.unix_time(start_datetime='-1h') * 1000", MS - 3_600_000, MS),
        ("fake.time_delta('-1h')", -3_600_000, 0),
        ("date(fake.iso8601())", 0, MS),
        ("date(fake.date_between('-1d'))", MS - 1.5 * DAY, MS),
        ("date(fake.past_date())", day("2024-01-09"), day("2024-02-07")),
        ("date(fake.future_date())", day("2024-02-09"), day("2024-03-09")),
        ("date(fake.date_this_month(false, true))", day("2024-02-08"), day("2024-02-29")),
        ("date(fake.date_this_decade())", day("2020-01-01"), MS),
        ("date(fake.date_of_birth(minimum_age=18, maximum_age=20))", day("2003-02-09"), day("2006-02-08")),
        ("date(fake.profile().birthdate)", day("1908-02-09"), MS),
        ("date('20' + fake.credit_card_expire()[3:] + '-01-01')", day("2024-01-01"), day("2034-01-01")),
        ("number(fake.year())", 1970, 2024),
    ],
)
def test_dates_follow_the_clock_of_the_scenario(expression: str, low: float, high: float) -> None:
    drawn = values(expression)

    assert low <= min(drawn) <= max(drawn) <= high
    if high - low > 40 * DAY:
        assert max(drawn) - min(drawn) > (high - low) / 2


def test_another_time_gives_other_dates() -> None:
    then = 1_000_000_000_000_000_000

    assert max(values("fake.past_datetime()", now=then)) < then / 1_000_000
    assert max(values("fake.date_time_this_year()", now=then)) < then / 1_000_000
    assert value("fake.date_between('today')", now=1_709_208_000_000_000_000) == "2024-02-29"
    assert value("fake.date_of_birth(0, 0)", now=1_709_208_000_000_000_000) >= "2023-03-02"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("fake.random_int(4, 4)", 4.0),
        ("fake.random_int(min=args.big, max=3)", 3.0),
        ("fake.random_int(2 ** 53, 2 ** 53)", 2.0**53),
        ("len(fake.words(args.few))", 2.0),
        ("fake.random_element({'a': 1, 'b': 0})", "a"),
        ("fake.random_element(args.rows)", {"n": 1.0}),
        ("fake.random_sample(['x', 'x'], length=2)", ["x", "x"]),
        ("fake.numerify('a-b')", "a-b"),
        ("[type(x) for x in fake.latlng()]", ["number", "number"]),
        ("type(fake.latitude()) + type(fake.pydecimal())", "numbernumber"),
        ("[type(fake.md5()), type(fake.md5(raw_output=true))]", ["string", "bytes"]),
        ("fake.date_between('2024-01-05', '2024-01-05')", "2024-01-05"),
        ("matches(fake.time_object(), '^\\\\d\\\\d:\\\\d\\\\d:\\\\d\\\\d')", True),
        ("len(fake.currency())", 2.0),
        ("keys(fake.profile(['name', 'birthdate']))", ["birthdate", "name"]),
        ("upper(fake.color(hue=[10, 20], color_format='hex'))[0]", "#"),
    ],
)
def test_arguments_and_results_are_values(expression: str, expected: Any) -> None:
    drawn = value(expression)

    assert (sorted(drawn) if isinstance(drawn, list) and "keys" in expression else drawn) == expected
    assert type(drawn) is type(expected)


HUGE = [
    "fake.text(max_nb_chars=10**9)",
    "fake.words(nb=10**9)",
    "fake.paragraphs(nb=10**9)",
    "fake.pystr(max_chars=10**9)",
    "fake.password(length=10**9)",
    "fake.random_number(digits=10**9)",
    "fake.pydecimal(left_digits=10**9)",
    "fake.pydecimal(max_value=10**300)",
    "fake.random_int(0, 10**400)",
    "fake.numerify('#' * 1000000)",
    "fake.lexify('?' * 1000000)",
    "fake.bothify('?', letters='a' * 100000)",
    "fake.random_elements(['a'], length=10**9)",
    "fake.random_choices(['a'], length=10**6)",
    "fake.random_element(range(20000))",
    "fake.words(nb=-1)",
    "fake.texts(nb_texts=10000, max_nb_chars=10000)",
    "fake.texts(nb_texts=10000)",
    "fake.nic_handles(count=10000, suffix='?' * 10000)",
    "fake.sentence(nb_words=10000, ext_word_list=['a' * 10000])",
    "fake.text(max_nb_chars=20, ext_word_list=['a' * 100])",
    "fake.random_number(digits=400, fix_len=true)",
    "fake.hostname(levels=10000)",
    "[fake.name() for x in range(30000)]",
]


@pytest.mark.parametrize("expression", HUGE)
def test_what_would_make_too_much_is_refused(expression: str) -> None:
    with pytest.raises(EvaluationError):
        value(expression)


def test_what_draws_without_end_is_stopped_by_the_budget() -> None:
    with pytest.raises(BudgetError, match=r"^fake\.text: the expression takes more than 100000 steps$"):
        value("fake.text(max_nb_chars=20, ext_word_list=['a' * 100])")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("fake.date_between('someday')", "fake.date_between: 'someday' is no moment; write one in ISO 8601, now, "),
        ("fake.date_between('+1d', 'now')", "fake.date_between: the end, 2024-02-08, is before the start, 2024-02-09"),
        ("fake.words(nb=10**9)", "fake.words: nb is 1e+09, it must be from 0 to 10,000"),
        ("fake.words(args.bytes)", "fake.words: nb cannot be bytes"),
        ("fake.numerify('#' * 10001)", "fake.numerify: text has 10,001 characters, at most 10,000 are allowed"),
        ("fake.date_of_birth(minimum_age=9, maximum_age=3)", "fake.date_of_birth: nobody is from 9 to 3 years old"),
        ("fake.country_code('alpha-9')", "fake.country_code: `representation` must be one of"),
        ("fake.unix_time(10**18)", "fake.unix_time: end_datetime is 1e+18, which is no moment that a calendar has"),
        ("fake.random_int(5, 1)", "fake.random_int: empty range"),
        ("fake.words(nb='three')", "fake.words: "),
    ],
)
def test_what_faker_refuses_is_an_evaluation_without_a_value(expression: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(expression)

    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 300


def test_a_locale_that_faker_has_not_has_no_value() -> None:
    with pytest.raises(EvaluationError, match=r"^fake\.name: .*xx_XX"):
        value("fake.name()", locale="xx_XX")


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("fake.nmae()", "there is no function fake.nmae", "did you mean 'fake.name'?"),
        ("fake.sentence(words=3)", "fake.sentence: got an unexpected keyword argument 'words'", None),
        ("fake.name(1)", "fake.name: too many positional arguments", "it is fake.name()"),
        ("fake.random_element([1], 2)", "fake.random_element: too many positional arguments", None),
        ("fake", "there is no name 'fake'", None),
        ("fake.name", "there is no name 'fake'", None),
    ],
)
def test_what_faker_has_not_is_told_at_load(expression: str, message: str, hint: str | None) -> None:
    with pytest.raises(TextError) as caught:
        value(expression)

    assert str(caught.value) == message
    assert hint is None or caught.value.hint == hint


ESCAPES = [
    "fake.__class__",
    "fake.random.seed(1)",
    "fake.add_provider(1)",
    "fake.name.__globals__",
    "fake.name.call()",
    "fake.name().__class__",
    "fake['name']()",
    "fake.seed(1)",
    "fake.seed_instance(1)",
    "fake.unique.name()",
    "fake.optional.name()",
    "fake.format('name')",
    "fake.parse('{{name}}')",
    "fake.pystr_format('{{name}}')",
    "fake.generator",
    "fake.get_providers()",
    "fake.provider('person')",
    "fake.set_formatter('name', 1)",
    "fake.del_arguments('a')",
    "fake.binary(9)",
    "fake.zip()",
    "fake.enum(1)",
    "fake.pyobject()",
    "fake.pylist(value_types=['binary'])",
    "fake.pydict(3, true, ['seed'])",
    "fake.uuid4(cast_to=len)",
    "fake.json(data_columns={'a': 'name'})",
    "fake.image_url(placeholder_url='{width.__class__}')",
    "fake.date_time(tzinfo=fake.pytimezone())",
    "fake.__init__()",
    "__function_fake_name__(1)",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_but_the_names_can_be_reached(expression: str) -> None:
    with pytest.raises(ExpressionError):
        compile_tree(read_text(f"${{{expression}}}", None), ())


def test_what_texts_of_templates_say_is_never_called() -> None:
    assert value("fake.bothify('{{name}} {0.__class__}')") == "{{name}} {0.__class__}"


def test_all_of_them_draw() -> None:
    assert {name for name in TABLE if name.startswith(PREFIX)} == {PREFIX + name for name in NAMES}
    assert {PREFIX + name for name in NAMES} < DRAWING


def test_a_locale_is_checked_with_a_hint() -> None:
    check_locale("ko_KR")
    for written, hint in (("ko-KR", "did you mean 'ko_KR'?"), ("xyz", "a locale is a language and a country, ")):
        with pytest.raises(ExpressionError, match="there is no locale") as caught:
            check_locale(written)
        assert (caught.value.hint or "").startswith(hint)


LOAD = """
import sys
from emulator.expressions.compile import compile_tree, read_text
compile_tree(read_text("${fake.name()} ${fake.sentence(nb_words=3)}", None), ())
assert not any(name.partition(".")[0] == "faker" for name in sys.modules), "Faker is imported"
"""


def test_faker_is_not_imported_before_something_is_drawn() -> None:
    subprocess.run([sys.executable, "-c", LOAD], check=True, env={**os.environ, "PYTHONSAFEPATH": "0"})
