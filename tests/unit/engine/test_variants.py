"""Variants: other answers of functions, chosen while it runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import ANONYMOUS, Call, Caller, Choice, User
from emulator.engine.plan import Finish, Rejected, Replied, Returned, Threw, Withheld
from emulator.engine.transaction import EffectError
from emulator.engine.variants import MAX_CHOICES, choices_of, choose, read_choices, unchoose
from emulator.model.function import FunctionType
from emulator.model.gateway import CHAT
from emulator.model.rule import Death, End, Failure
from emulator.runtime.emulator import Emulator, Level
from emulator.values.convex import Int64
from tests.support.engine import MUTATION, call, emulator_of, ending_of, value_of
from tests.support.watching import Theatre

TEXT = """
identities: {ada: {token: a}, bob: {token: b}}
tables: {notes: {documents: [{text: first}]}}
state: {n: 0}
functions:
  notes:list:
    type: query
    query: {table: notes}
    variants:
      two: {result: [1, 2]}
      mine: {when: {args: {mine: true}}, result: mine}
      steps: {sequence: [{result: a}, {result: b}]}
      empty: {result: none at all}
  notes:count: {result: 3}
  notes:add:
    type: mutation
    args: {text: string}
    do: [{insert: {into: notes, document: {text: "${args.text}"}}}]
    result: "${args.text}"
  notes:twice: {do: [{call: {function: notes:count, as: n}}], result: "${n}"}
gateway: {chat: {reply: hello, variants: {long: {reply: "long: ${message}"}}}}
"""


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return emulator_of(tmp_path, TEXT)


def use(emulator: Emulator, text: str, identity: str | None = None) -> None:
    """Choose variants while it runs."""
    for each in read_choices(text):
        emulator.transact(partial(choose, choice=each._replace(identity=identity)))


def asked(emulator: Emulator, operation: str, uses: str = "", caller: Caller = ANONYMOUS, **args: Any) -> Any:
    """Return what a client gets that chose variants for itself."""
    return value_of(emulator.handle(Call(operation, None, args, caller, uses=read_choices(uses))))


def test_a_variant_answers_while_it_is_chosen(emulator: Emulator) -> None:
    before = asked(emulator, "notes:list")
    use(emulator, "notes:list=two")
    assert asked(emulator, "notes:list") == [1.0, 2.0]
    assert call(emulator, "notes:list").decision.variant == "two"
    emulator.transact(unchoose)
    assert asked(emulator, "notes:list") == before


def test_what_a_variant_does_not_answer_is_left_to_the_ordinary_rules(emulator: Emulator) -> None:
    assert asked(emulator, "notes:list", "notes:list=mine", mine=True) == "mine"
    assert len(asked(emulator, "notes:list", "notes:list=mine")) == 1


def test_a_scenario_says_otherwise_what_a_variant_is_that_every_function_has(emulator: Emulator) -> None:
    assert asked(emulator, "notes:list", "notes:list=empty") == "none at all"
    assert asked(emulator, "notes:count", "notes:*=empty") == 0.0


def test_the_client_comes_before_the_identity_and_that_before_everybody(emulator: Emulator) -> None:
    ada, bob = User({}, "ada"), User({}, "bob")
    use(emulator, "notes:count=empty")
    use(emulator, "notes:count=error", "ada")
    assert asked(emulator, "notes:count", caller=bob) == 0.0
    assert isinstance(ending_of(call(emulator, "notes:count", caller=ada)), Threw)
    assert asked(emulator, "notes:count", "*=empty", caller=ada) == 0.0


def test_what_names_an_operation_comes_before_patterns_and_the_last_said_before_others(emulator: Emulator) -> None:
    assert asked(emulator, "notes:list", "notes:list=two;*=empty;notes:*=mine") == [1.0, 2.0]
    assert asked(emulator, "notes:list", "*=two;notes:*=empty") == "none at all"
    assert asked(emulator, "notes:list", "notes:list=empty;notes:list=two") == [1.0, 2.0]
    assert asked(emulator, "notes:list", "notes:list=nonsense;*=two") == [1.0, 2.0]


def test_a_sequence_of_a_variant_goes_by_the_calls_of_the_function(emulator: Emulator) -> None:
    assert [asked(emulator, "notes:list", "*=steps") for _ in range(3)] == ["a", "b", "b"]


def test_an_error_is_one_of_the_function(emulator: Emulator) -> None:
    use(emulator, "notes:count=error")
    assert ending_of(call(emulator, "notes:count")) == Threw("Something went wrong")


def test_loading_is_no_answer(emulator: Emulator) -> None:
    use(emulator, "notes:count=loading")
    last = call(emulator, "notes:count").decision.plan[-1]
    assert last == Finish(Withheld(), death=Death(End.TIMEOUT))


def test_arguments_are_checked_first(emulator: Emulator) -> None:
    use(emulator, "notes:add=empty")
    assert isinstance(ending_of(call(emulator, "notes:add", {}, MUTATION)), Rejected)


def test_what_is_empty_writes_nothing(emulator: Emulator) -> None:
    use(emulator, "notes:add=empty")
    assert value_of(call(emulator, "notes:add", {"text": "second"}, MUTATION)) == ""
    assert len(asked(emulator, "notes:list")) == 1


def test_functions_that_others_call_answer_as_ever(emulator: Emulator) -> None:
    use(emulator, "notes:count=error")
    assert asked(emulator, "notes:twice") == 3.0


def test_chats_have_variants_too(emulator: Emulator) -> None:
    def chat(uses: str) -> object:
        return ending_of(emulator.handle(Call(CHAT, None, {"message": "hi"}, uses=read_choices(uses))))

    long, empty = chat("POST /api/chat=long"), chat("POST /api/*=empty")
    assert isinstance(long, Replied)
    assert long.text == "long: hi"
    assert isinstance(empty, Replied)
    assert empty.text == ""
    assert chat("*=error") == Failure(500)
    assert chat("*=loading") == Withheld()


@pytest.mark.parametrize(
    ("function", "empty"),
    [
        ("result: [1, 2]", []),
        ("result: {a: 1}", None),
        ("result: text", ""),
        ("result: true", False),
        ("result: {$int64: 5}", Int64(0)),
        ("result: {$bytes: AQID}", b""),
        ("result: {page: [1], isDone: false, continueCursor: x}", {"page": [], "isDone": True, "continueCursor": ""}),
        ("result: '${[args.n, 2]}'", []),
        ("result: '${1 / 0}'", None),
        ("error: no", None),
        ("{do: [{insert: {into: t, document: {}, as: key}}], result: '${key}'}", None),
        ("rules: [{when: {args: {n: 2}}, error: no}, {result: [1]}]", []),
        ("query: {table: t}", []),
        ("query: {table: t, first: true}", None),
        ("query: {table: t, id: '${args.id}'}", None),
        ("query: {table: t, paginate: true}", {"page": [], "isDone": True, "continueCursor": ""}),
        ('returns: {name: string, age: number?, tags: "string[]"}\n    error: no', {"name": "", "tags": []}),
        ("returns: 'string | null'\n    result: x", None),
        ('returns: {page: "string[]", isDone: boolean, continueCursor: string}\n    error: no', "page"),
    ],
)
def test_what_is_empty_fits(tmp_path: Path, function: str, empty: object) -> None:
    emulator = emulator_of(tmp_path, f"tables: {{t: {{}}}}\nfunctions:\n  a:b:\n    {function}\n")
    page = {"page": [], "isDone": True, "continueCursor": ""}
    assert asked(emulator, "a:b", "a:b=empty", n=1.0, id="x") == (page if empty == "page" else empty)


def test_live_queries_are_told_when_a_variant_is_chosen_and_when_it_is_not(tmp_path: Path) -> None:
    stage = Theatre(tmp_path, TEXT)
    stage.watch("notes:count")
    use(stage.emulator, "notes:count=empty")
    assert stage.told() == [[0.0]]
    stage.emulator.transact(unchoose)
    assert stage.told() == [[3.0]]
    use(stage.emulator, "notes:count=empty", "ada")
    assert stage.told() == []


def test_clients_that_chose_otherwise_do_not_share_a_live_query(tmp_path: Path) -> None:
    stage = Theatre(tmp_path, TEXT)
    ordinary = stage.watch("notes:count")
    chosen = Call("notes:count", FunctionType.QUERY, {}, uses=(Choice("*", "empty"),))
    other, _ = stage.live.watch(chosen, None, stage.audience)
    endings = [each.finish.ending for each in (ordinary, other)]
    assert [each.value.value for each in endings if isinstance(each, Returned)] == [3.0, 0.0]


def test_a_reset_of_the_state_chooses_nothing_and_one_of_counts_leaves_it(emulator: Emulator) -> None:
    use(emulator, "notes:count=empty")
    emulator.reset([Level.COUNTS])
    assert asked(emulator, "notes:count") == 0.0
    emulator.reset([Level.STATE])
    assert asked(emulator, "notes:count") == 3.0
    assert choices_of(emulator.reading()) == []


def test_what_is_chosen_can_be_unchosen_in_part(emulator: Emulator) -> None:
    use(emulator, "notes:count=empty;notes:*=error")
    use(emulator, "notes:count=error", "ada")
    emulator.transact(lambda transaction: unchoose(transaction, "notes:count", "ada"))
    assert choices_of(emulator.reading()) == [Choice("notes:count", "empty"), Choice("notes:*", "error")]
    emulator.transact(lambda transaction: unchoose(transaction, "notes:*"))
    assert choices_of(emulator.reading()) == [Choice("notes:count", "empty")]


def test_there_is_a_most_that_can_be_chosen(emulator: Emulator) -> None:
    for number in range(MAX_CHOICES):
        use(emulator, f"a:b{number}=empty")
    use(emulator, "a:b1=error")
    with pytest.raises(EffectError, match="1000 variants are chosen"):
        use(emulator, "one:more=empty")


def test_texts_choose_with_commas_and_semicolons_and_any_spelling(emulator: Emulator) -> None:
    text = " notes.js:count = empty ;; POST /api/chat=long, *=error,=,x "
    assert [each[:2] for each in read_choices(text)] == [
        ("notes:count", "empty"),
        ("POST /api/chat", "long"),
        ("*", "error"),
        ("x", ""),
    ]
    assert asked(emulator, "notes:count", text) == 0.0


@pytest.mark.parametrize(
    ("uses", "told"),
    [
        ("nots:list=empty", "nots:list=empty chooses nothing: nots:list is not scripted; nearest: notes:list"),
        (
            "notes:list=emtpy",
            "notes:list has no variant 'emtpy', only loading, empty, error, two, mine, steps; did you",
        ),
        ("users:*=empty", "users:*=empty chooses nothing: users:* is not scripted"),
        ("notes:list", "'notes:list' chooses no variant: write messages:list=empty"),
    ],
)
def test_a_choice_that_chooses_nothing_is_told(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, uses: str, told: str
) -> None:
    for _ in range(2):
        entry = emulator.handle(Call("notes:count", None, {}, uses=read_choices(uses)))
        assert (entry.explanation or "").startswith(told)
    assert len(caplog.records) == 1
    caplog.clear()
