"""Values with `${…}` in them, compiled: a whole tree of mappings, lists and texts becomes one function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, NamedTuple, Protocol

from emulator.expressions import operators, text
from emulator.expressions.budget import in_use
from emulator.expressions.context import Context
from emulator.expressions.errors import EvaluationError, ExpressionError
from emulator.expressions.functions import TABLE
from emulator.expressions.rewrite import (
    BINARY,
    COMPARE,
    CONTEXT,
    Access,
    Rewriter,
    function_of,
    name_in_code,
    operation,
    share,
)
from emulator.expressions.scan import Piece, scan

_OPERATORS = {
    f"__{name}__": getattr(operators, name)
    for name in (
        *BINARY.values(),
        *COMPARE.values(),
        *("get", "key", "read", "get_or_missing", "item", "item_or_missing", "cut", "settle", "negate", "iterate"),
    )
} | {"__join__": text.join_texts, "__convex__": text.as_convex}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a tree that has expressions in it; `mark` is whatever says where it stands, and makes no difference."""

    pieces: tuple[Piece, ...]
    mark: Any = field(compare=False)

    @property
    def is_one_expression(self) -> bool:
        """Whether the text is nothing but one expression, whose value keeps its type."""
        return len(self.pieces) == 1 and self.pieces[0].is_expression


class Compiled(NamedTuple):
    """A tree ready to evaluate.

    `names` are the outer names it reads, in the order in which `run` takes their values after the context; `calls`
    are the functions it calls; `texts` are the texts it was made of; `accesses` what it reads of its names, by the
    offset in its text.
    """

    run: Callable[..., Any]
    names: tuple[str, ...]
    calls: frozenset[str]
    texts: tuple[Text, ...]
    accesses: tuple[Access, ...]


class TextError(ExpressionError):
    """An expression error together with the text it is in."""

    def __init__(self, text: Text, error: ExpressionError) -> None:
        """Take over the sentence, the hint and the offset, which counts within the whole text."""
        super().__init__(str(error), error.offset, error.hint)
        self.text = text


def read_text(written: str, mark: Any) -> Text | str:  # noqa: ANN401 - the caller's own kind of place
    """Return a text as it is, or taken apart when it has expressions in it."""
    pieces = scan(written)
    if any(piece.is_expression for piece in pieces):
        return Text(tuple(pieces), mark)
    return "".join(piece.text for piece in pieces)


def texts_of(tree: Any) -> Iterator[Text]:  # noqa: ANN401
    """Yield every text of a tree that has expressions in it."""
    if isinstance(tree, Text):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from texts_of(each)


def compile_tree(tree: Any, names: Collection[str]) -> Compiled:  # noqa: ANN401
    """Compile mappings, lists, values and `Text`s; raise TextError for an expression that is none."""
    rewriter = Rewriter(names)
    texts: list[Text] = []
    constants: dict[str, Any] = {}
    body = share(_written(tree, rewriter, texts, constants), rewriter.shared.values())
    used = tuple(sorted(rewriter.used))
    whole = ast.fix_missing_locations(ast.Expression(function_of([CONTEXT, *used], body)))
    code = _code(whole, texts)
    functions = {name_in_code(name): TABLE[name].call for name in rewriter.calls}
    scope = {"__builtins__": {}, **_OPERATORS, **functions, **constants}
    run = eval(code, scope)  # noqa: S307 - every node is ours or on the white list of Rewriter
    return Compiled(run, used, frozenset(rewriter.calls), tuple(texts), tuple(rewriter.accesses))


def _code(whole: ast.Expression, texts: list[Text]) -> CodeType:
    try:
        return compile(whole, "<scenario>", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # such as loops nested too deep
        raise TextError(texts[0], ExpressionError(f"not an expression: {error}")) from error


class Names(Protocol):
    """Where the values of names come from."""

    def __getitem__(self, name: str) -> Any: ...  # noqa: ANN401 - a value or a plain number


def evaluate(compiled: Compiled, values: Names, context: Context) -> Any:  # noqa: ANN401 - a Convex value
    """Return the value of a tree; raise EvaluationError when one of its expressions has none."""
    arguments = [values[name] for name in compiled.names]
    paying = in_use.set(context.budget)
    try:
        return compiled.run(context, *arguments)
    except UnicodeError as error:
        raise EvaluationError("a text has half a surrogate pair in it") from error
    except (RecursionError, MemoryError) as error:
        raise EvaluationError("the expression is too deep") from error
    except OverflowError as error:
        raise EvaluationError("a number is too large") from error
    finally:
        in_use.reset(paying)


def _written(tree: Any, rewriter: Rewriter, texts: list[Text], constants: dict[str, Any]) -> ast.expr:  # noqa: ANN401
    """Return the syntax that makes a tree; a part without expressions is one constant."""
    if isinstance(tree, Text):
        texts.append(tree)
        return _text(tree, rewriter)
    if not has_texts(tree):
        name = f"__constant{len(constants)}__"
        constants[name] = tree
        return ast.Name(name, ast.Load())
    if isinstance(tree, dict):
        keys: list[ast.expr | None] = [ast.Constant(key) for key in tree]
        return ast.Dict(keys, [_written(each, rewriter, texts, constants) for each in tree.values()])
    return ast.List([_written(each, rewriter, texts, constants) for each in tree], ast.Load())


def has_texts(tree: Any) -> bool:  # noqa: ANN401
    """Whether anything in a tree is computed."""
    if isinstance(tree, dict):
        return any(map(has_texts, tree.values()))
    return any(map(has_texts, tree)) if isinstance(tree, list) else isinstance(tree, Text)


def _text(text: Text, rewriter: Rewriter) -> ast.expr:
    parts: list[ast.expr] = []
    for piece in text.pieces:
        if not piece.is_expression:
            parts.append(ast.Constant(piece.text))
            continue
        try:
            before = len(rewriter.accesses)
            parts.append(rewriter.rewrite(piece.text))
            found = rewriter.accesses[before:]
            rewriter.accesses[before:] = [each._replace(offset=piece.offset + each.offset) for each in found]
        except ExpressionError as error:
            raise TextError(text, ExpressionError(str(error), piece.offset + error.offset, error.hint)) from error
    return operation("convex", parts[0]) if text.is_one_expression else operation("join", *parts)
