"""Expressions for tests: drawn by their grammar, with odd parts among them, and values for their names."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from emulator.expressions.functions import TABLE
from emulator.expressions.functions.fakes import PREFIX
from emulator.values.convex import Int64

VALUES: dict[str, Any] = {
    "args": {
        "name": "Ada",
        "list": [3.0, 1.0, 2.0, None, "x"],
        "rows": [{"n": 2.0, "t": "b"}, {"n": 1.0}],
        "none": None,
        "big": Int64(2**62),
        "raw": b"\x00\xff",
        "yes": True,
        "nan": float("nan"),
        "inf": float("inf"),
        "long": "가나다 " * 40,
        "text": "${x} \U0001f600\u0000\x7f",
        "": 1.0,
        "deep": {"a": {"b": {"c": [{"d": 1.0}]}}},
    },
    "call": 3,
    "now": 1_707_393_600_000.25,
    "vars": {},
    "identity": None,
}
FUNCTIONS = sorted(name for name in TABLE if not name.startswith(PREFIX))
BINARY = ("+", "-", "*", "/", "//", "%", "**", "??", "and", "or", "==", "!=", "<", "<=", ">", ">=", "in", "not in")
ATOMS = (
    *("0", "1", "2", "3.5", "-1", "1e308", "10**300", "2**63", "8192", "100000", "1000000000", "5e-324"),
    *("''", "'a'", "'가'", "'\\ud800'", "'\\x00'", "'a,b'", "'%Y %s %'", "'(a|b)'", "'['", "'5m'", "'9' * 400"),
    *("true", "false", "null", "None", "[]", "{}", "[1, 'a']", "{'a': 1}", "range(50)", "range(3000)"),
    *("args", "call", "now", "vars", "identity", "args.name", "args.list", "args.rows", "args.none", "args.big"),
    *("args.raw", "args.yes", "args.nan", "args.inf", "args.long", "args.text", "args['']", "args.deep.a.b.c[0].d"),
    *("x", "y", "'2024-02-08T12:00:00Z'", '\'{"a": [1, {"b": null}]}\'', "'YWJj'", "'[' * 300 + ']' * 300"),
)
ODD = (
    *("", " ", "1 +", ")", "(", "]", "lambda: 1", "x := 1", "*args", "**args", "yield", "await x", "f'{x}'", "b'x'"),
    *(
        "1j",
        "...",
        "{1, 2}",
        "a b",
        "#",
        "\\",
        "\n",
        "\t",
        "'",
        '"',
        "??",
        "1 ?? ",
        "args.",
        ".x",
        "args..x",
        "0x",
        "1_",
    ),
    *("__import__('os')", "args.__class__", "().__class__", "x.__globals__", "print(1)", "open('x')", "__context__"),
    *("1 if", "for x in y", "[x for x in x for", "not", "is", "1 is 2", "x[::2]", "x[1:2:3]", "del x", "import os"),
    *("\x00", "\ud800", "가", "\u2028", "１", "ﬁ", "é", "nested" * 20),
)


@st.composite
def _calls(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """Draw a call with as many arguments as the function takes; now and then one more, or by its name."""
    name = draw(st.sampled_from(FUNCTIONS))
    parameters = list(TABLE[name].signature.parameters.values())
    least = sum(each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters)
    count = draw(st.integers(least, max(least, len(parameters) + draw(st.sampled_from([0, 0, 0, 0, 1])))))
    arguments = [draw(inner) for _ in range(count)]
    if arguments and parameters and draw(st.integers(0, 4)) == 0:
        arguments[-1] = f"{parameters[min(count, len(parameters)) - 1].name}={arguments[-1]}"
    return f"{name}({', '.join(arguments)})"


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(BINARY), inner),
        _calls(inner),
        _calls(inner),
        pairs.map("{0[0]}[{0[1]}]".format),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("{}.{}".format, inner, st.sampled_from(["n", "t", "name", "a", "x"])),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds("[{} for x in {} for y in {} if {}]".format, inner, inner, inner, inner),
        st.builds("{{{}: {} for x in {}}}".format, inner, inner, inner),
        pairs.map("[{0[0]}, {0[1]}]".format),
        pairs.map("{{{0[0]}: {0[1]}}}".format),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} < {} == {})".format, inner, inner, inner),
        st.builds("({} is not null)".format, inner),
    )


BOUND = "[[{} for y in [2, 'b']] for x in [1, 'a']]"
"""Gives `x` and `y` values."""

sound: st.SearchStrategy[str] = st.recursive(st.sampled_from(ATOMS), _grown, max_leaves=8).map(BOUND.format)
odd: st.SearchStrategy[str] = st.recursive(st.sampled_from((*ATOMS, *ODD)), _grown, max_leaves=6)
garbage: st.SearchStrategy[str] = st.lists(
    st.one_of(
        st.sampled_from((*ATOMS, *ODD, *BINARY, *FUNCTIONS, "(", ")", "[", "]", ",", ".", ":")), st.text(max_size=4)
    ),
    max_size=8,
).map(" ".join)
expressions: st.SearchStrategy[str] = st.one_of(sound, odd, garbage)
