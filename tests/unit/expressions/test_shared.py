from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from emulator.expressions.compile import compile_tree, evaluate, read_text
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError


class Counting(dict[str, Any]):
    """Counts how often each key is read."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reads: Counter[str] = Counter()

    def get(self, name: str, default: Any = None) -> Any:
        self.reads[name] += 1
        return super().get(name, default)


def value_of(tree: Any, args: dict[str, Any], **others: Any) -> Any:
    read = [read_text(each, None) for each in tree] if isinstance(tree, list) else read_text(tree, None)
    names = {"args": args, **others}
    return evaluate(compile_tree(read, names), names, Context("", 0))


def test_a_key_that_many_texts_read_is_read_once() -> None:
    args = Counting({"user": {"name": "Ada"}, "n": 1.0})

    value = value_of(["${args.user.name}", "Hi ${args.user.name}", "${args.user}", "${args.n}"], args)

    assert value == ["Ada", "Hi Ada", {"name": "Ada"}, 1.0]
    assert args.reads["user"] <= 2
    assert args.reads["n"] == 1


def test_a_key_that_a_loop_reads_is_read_once() -> None:
    args = Counting({"n": 2.0, "items": [1.0, 2.0, 3.0]})

    assert value_of("${[item * args.n for item in args.items]}", args) == [2.0, 4.0, 6.0]
    assert args.reads == {"n": 1, "items": 1}


def test_an_absent_key_is_null_at_each_place_and_no_mapping_at_none() -> None:
    assert value_of(["${args.x}", "${args.x}", "${args.x ?? 1}"], {}) == [None, None, 1.0]
    assert value_of("${[args.x for item in [1, 2]]}", {}) == [None, None]
    with pytest.raises(EvaluationError, match=r"cannot read \.name of something missing"):
        value_of(["${args.x.name}", "${args.x.name}"], {})


def test_what_is_not_reached_does_not_fail() -> None:
    assert value_of(["${args.x.y if args.x else 1}", "${args.x.y if args.x else 2}"], {}) == [1.0, 2.0]
    assert value_of(["${false and args.x.y}", "${args.x}"], {}) == [False, None]


def test_a_loop_over_a_name_of_ours_means_its_own() -> None:
    args = {"rows": [{"a": 1.0}, {"a": 2.0}], "a": 9.0}

    value = value_of(["${[args.a for args in args.rows]}", "${args.a}", "${args.a}"], args)

    assert value == [[1.0, 2.0], 9.0, 9.0]


def test_names_that_may_be_no_mappings_are_read_where_they_stand() -> None:
    assert value_of(["${identity.name if identity else 'nobody'}"] * 2, {}, identity=None) == ["nobody"] * 2
    with pytest.raises(EvaluationError, match="of null"):
        value_of(["${identity.name}", "${identity.name}"], {}, identity=None)


def test_a_tree_with_hundreds_of_keys_read_twice_is_compiled() -> None:
    texts = [f"${{args.key{number}}}" for number in range(300)] * 2
    args = {f"key{number}": float(number) for number in range(300)}

    assert value_of(texts, args) == [float(number) for number in range(300)] * 2
