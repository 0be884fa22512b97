"""Where an expression error stands, and how deep expressions may nest."""

from __future__ import annotations

import pytest

from emulator.expressions.compile import TextError, compile_tree, read_text

WRONG = {
    "a name": "${@oops}",
    "behind Korean": "${'안녕' + @oops}",
    "behind an emoji": "${'🎉🎉' + '민지' + @oops}",
    "behind a default": "${args.a ?? '없음' + @oops}",
    "behind white space": "안녕 ${   @oops}",
    "on the second line": "${args.a +\n  @oops}",
    "on a later line behind Korean": "한 ${[\n'가',\n'나' + @oops]}",
    "on the second line behind a default": "${args.a ??\n  '다' + @oops}",
    "a function": "${upper('가') + @uper('나')}",
    "a keyword that is none": "${'가' + args.a @?}",
}


@pytest.mark.parametrize("marked", WRONG.values(), ids=WRONG)
def test_an_error_stands_at_the_very_character(marked: str) -> None:
    with pytest.raises(TextError) as error:
        compile_tree(read_text(marked.replace("@", ""), None), {"args"})
    assert error.value.offset == marked.index("@")


DEEP = {
    "negations": "not " * 500 + "1",
    "signs": "-" * 500 + "1",
    "keys": "args" + ".a" * 500,
    "indices": "args" + "[0]" * 500,
    "sums": "1" + " + 1" * 500,
    "conditions": "1 if 1 else " * 200 + "1",
    "defaults": "1 ?? " * 500 + "1",
    "calls": "upper(" * 150 + "'a'" + ")" * 150,
    "lists": "[" * 150 + "]" * 150,
}


@pytest.mark.parametrize("expression", DEEP.values(), ids=DEEP)
def test_what_nests_too_deep_is_an_error_and_nothing_worse(expression: str) -> None:
    with pytest.raises(TextError, match="deep"):
        compile_tree(read_text(f"${{{expression}}}", None), {"args"})


@pytest.mark.parametrize(
    "expression",
    ["1" + " + 1" * 95, "1 ?? " * 45 + "1", "[" * 90 + "]" * 90, "args" + ".a" * 90, "1 < " * 500 + "1"],
)
def test_what_nests_within_the_limit_compiles(expression: str) -> None:
    compiled = compile_tree(read_text(f"${{{expression}}}", None), {"args"})
    assert callable(compiled.run)
