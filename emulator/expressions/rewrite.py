"""Sources of expressions to syntax trees of our own making.

Parsed by Python, held against a white list; attribute access, arithmetic and everything else that could reach beyond
values becomes a call of `emulator.expressions.operators`, so that no attribute of any Python object can be reached.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from inspect import Parameter, Signature
from keyword import kwlist
from typing import Any, NamedTuple

from emulator.expressions.errors import ExpressionError
from emulator.expressions.functions import TABLE

MAX_LENGTH = 4_000
MAX_DEPTH = 100
CONTEXT = "__context__"
BINARY: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "divide_whole",
    ast.Mod: "remainder",
    ast.Pow: "power",
}
COMPARE: dict[type, str] = {
    ast.Eq: "equal",
    ast.NotEq: "unequal",
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.In: "contains",
    ast.NotIn: "lacks",
}
_DEFAULT = "__default__"
_MAPPINGS = frozenset({"args", "vars"})
"""The names that always are mappings: reading a key of them cannot fail."""
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
WORDS = frozenset({*_WORDS, *kwlist})
"""What cannot be a name in an expression."""
_ADVICE: dict[type, str] = {
    ast.Lambda: "functions cannot be defined",
    ast.JoinedStr: "write the text outside of ${…} instead of an f-string",
    ast.NamedExpr: "names cannot be assigned",
    ast.Set: "write a list",
    ast.SetComp: "write a list comprehension",
    ast.Starred: "write the items out",
}


class Access(NamedTuple):
    """A name that an expression reads: with `key`, that one key of it; `offset` says where in the source."""

    name: str
    key: str | None
    offset: int


class Rewriter:
    """Rewrites the expressions of one unit of code.

    `used` and `calls` gather the names and functions they need, `accesses` what they read of the names, `shared` the
    nodes that read the same key in a way that cannot fail.
    """

    def __init__(self, names: Collection[str]) -> None:
        """Know the names that have values."""
        self.names = names
        self.used: set[str] = set()
        self.calls: set[str] = set()
        self.accesses: list[Access] = []
        self.shared: dict[tuple[str, str, str], list[ast.expr]] = {}
        self._bound: list[tuple[str, str]] = []
        self._source = _NOTHING

    def rewrite(self, source: str) -> ast.expr:
        """Return an expression as a tree; raise ExpressionError with an offset into `source` and a hint."""
        if len(source) > MAX_LENGTH:
            raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
        self._source = _Python(source)
        body = self._source.parse().body
        if len(source) > MAX_DEPTH:
            self._check_depth(body)
        return self.value(body)

    def _check_depth(self, body: ast.expr) -> None:
        """Refuse what would nest calls deeper than Python can."""
        level: list[ast.AST] = [body]
        for _ in range(MAX_DEPTH):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                return
        deep = next((each for each in level if isinstance(each, ast.expr)), None)
        if deep is not None:
            raise self._error(deep, f"the expression nests deeper than {MAX_DEPTH} levels", "take it apart")

    def value(self, node: ast.expr) -> ast.expr:
        """Rewrite a node whose value is used: what is missing becomes null."""
        if isinstance(node, ast.Attribute):
            return self._access("read", node)
        rewritten = self._expression(node)
        return operation("settle", rewritten) if isinstance(node, ast.Subscript) else rewritten

    def _expression(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute():
                return self._access("get", node)
            case ast.Subscript(value=owner, slice=index):
                return self._subscript(owner, index)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return operation(BINARY[type(op)], self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ast.UnaryOp(ast.Not(), self.value(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return operation("negate", self.value(operand))
            case ast.BoolOp(op=op, values=values):
                return ast.BoolOp(op, [self.value(each) for each in values])
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp(test=ast.Name(id=name), body=body, orelse=other) if name == _DEFAULT:
                return self._default(body, other)
            case ast.IfExp(test=test, body=body, orelse=other):
                return ast.IfExp(self.value(test), self.value(body), self.value(other))
            case _:
                return self._collection(node)

    def _collection(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=[_, *_] as items):
                return ast.List([self.value(each) for each in items], ast.Load())
            case ast.Dict(keys=keys, values=values):
                if None in keys:
                    raise self._error(node, "mappings cannot be unpacked")
                written = [operation("key", self.value(each)) for each in keys if each is not None]
                return ast.Dict(list(written), [self.value(each) for each in values])
            case (
                ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators)
            ):
                loops = self._loops(generators)
                rewritten = ast.ListComp(self.value(element), loops)
                del self._bound[-len(loops) :]
                return rewritten
            case ast.DictComp(key=key, value=element, generators=generators):
                loops = self._loops(generators)
                mapping = ast.DictComp(operation("key", self.value(key)), self.value(element), loops)
                del self._bound[-len(loops) :]
                return mapping
            case ast.Call():
                return self._call(node)
            case ast.Tuple():
                raise ExpressionError("the expression is empty", 0, "write a name or a value between ${ and }")
            case _:
                raise self._error(node, "this is not part of expressions", _ADVICE.get(type(node)))

    def _constant(self, node: ast.Constant, value: object) -> ast.expr:
        if value is None or isinstance(value, bool | int | float | str):
            return ast.Constant(value)
        raise self._error(node, f"{value!r} is no value")

    def _name(self, node: ast.Name, name: str) -> ast.expr:
        if (bound := self._bound_as(name)) is not None:
            return ast.Name(bound, ast.Load())
        if name in _WORDS:
            return ast.Constant(_WORDS[name])
        if name not in self.names:
            kind = f"{name} is a function: call it" if name in TABLE else None
            raise self._error(node, f"there is no name {name!r}", kind or self._similar(name, self.names))
        self.used.add(name)
        self.accesses.append(Access(name, None, self._offset(node)))
        return ast.Name(name, ast.Load())

    def _access(self, how: str, node: ast.Attribute) -> ast.expr:
        self._check_name(node, node.attr)
        outer = self._key_of(node.value, node.attr)
        access = operation(how, outer or self._expression(node.value), ast.Constant(node.attr))
        if isinstance(outer, ast.Name) and outer.id in _MAPPINGS:
            times = 2 if self._bound else 1  # in a loop it is read again and again
            self.shared.setdefault((how, outer.id, node.attr), []).extend([access] * times)
        return access

    def _key_of(self, owner: ast.expr, key: str | None) -> ast.expr | None:
        """Note that one key of an outer name is read; return that name, None where `owner` is anything else."""
        is_outer = isinstance(owner, ast.Name) and owner.id in self.names and owner.id not in _WORDS
        if key is None or not isinstance(owner, ast.Name) or not is_outer or self._bound_as(owner.id):
            return None
        self.used.add(owner.id)
        self.accesses.append(Access(owner.id, key, self._offset(owner)))
        return ast.Name(owner.id, ast.Load())

    def _bound_as(self, name: str) -> str | None:
        """Return what a name of a comprehension, the innermost, is called in the code; None for any other name."""
        return next((in_code for each, in_code in reversed(self._bound) if each == name), None)

    def _subscript(self, owner: ast.expr, index: ast.expr) -> ast.expr:
        if not isinstance(index, ast.Slice):
            known = self._key_of(owner, _text_in(index)) or self._expression(owner)
            return operation("item", known, self.value(index))
        if index.step is not None:
            raise self._error(index, "a slice has no step here")
        borders = [self.value(each) if each else ast.Constant(None) for each in (index.lower, index.upper)]
        return operation("cut", self.value(owner), *borders)

    def _comparison(self, node: ast.Compare) -> ast.expr:
        sides = [node.left, *node.comparators]
        tests: list[ast.expr] = []
        for number, op in enumerate(node.ops):
            pair = [self.value(side) for side in sides[number : number + 2]]
            if type(op) in COMPARE:
                tests.append(operation(COMPARE[type(op)], *pair))
            else:
                tests.append(ast.Compare(pair[0], [op], [pair[1]]) if self._is_null_test(node) else pair[0])
        return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)

    def _is_null_test(self, node: ast.Compare) -> bool:
        if all(isinstance(each, ast.Constant) and each.value is None for each in node.comparators):
            return True
        raise self._error(node, "is and is not compare with None only", "write == or !=")

    def _default(self, body: ast.expr, other: ast.expr) -> ast.expr:
        """Rewrite `body ?? other`: on its left nothing needs to be there, and null counts as nothing."""
        left = self._lenient(body)
        name = f"__left{len(self._bound)}__"
        test = ast.Compare(ast.Name(name, ast.Load()), [ast.Is()], [ast.Constant(None)])
        choice = ast.IfExp(test, self.value(other), ast.Name(name, ast.Load()))
        return ast.Call(function_of([name], choice), [operation("settle", left)], [])

    def _lenient(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Attribute(value=owner, attr=name):
                self._check_name(node, name)
                return operation(
                    "get_or_missing", self._key_of(owner, name) or self._lenient(owner), ast.Constant(name)
                )
            case ast.Subscript(value=owner, slice=index) if not isinstance(index, ast.Slice):
                lenient = self._key_of(owner, _text_in(index)) or self._lenient(owner)
                return operation("item_or_missing", lenient, self.value(index))
            case _:
                return self.value(node)

    def _loops(self, generators: list[ast.comprehension]) -> list[ast.comprehension]:
        loops = []
        for each in generators:
            if each.is_async or not isinstance(each.target, ast.Name):
                raise self._error(each.target, "a comprehension goes over one name")
            source = operation("iterate", ast.Name(CONTEXT, ast.Load()), self.value(each.iter))
            self._check_name(each.target, each.target.id)
            in_code = f"{each.target.id}__{len(self._bound)}"
            self._bound.append((each.target.id, in_code))
            tests = [self.value(test) for test in each.ifs]
            loops.append(ast.comprehension(ast.Name(in_code, ast.Store()), source, tests, 0))
        return loops

    def _call(self, node: ast.Call) -> ast.expr:
        name = _dotted(node.func)
        if name is None or name not in TABLE:
            hint = self._similar(name, TABLE) if name else "functions are called by their name, as in upper(args.name)"
            raise self._error(node.func, f"there is no function {name or ast.unparse(node.func)}", hint)
        if any(each.arg is None for each in node.keywords) or any(isinstance(each, ast.Starred) for each in node.args):
            raise self._error(node, "arguments cannot be unpacked")
        self.calls.add(name)
        entry = TABLE[name]
        try:
            entry.signature.bind(*node.args, **{str(each.arg): each for each in node.keywords})
        except TypeError as error:
            raise self._error(node, f"{name}: {error}", f"it is {name}{_written(entry.signature)}") from error
        context: list[ast.expr] = [ast.Name(CONTEXT, ast.Load())] if entry.takes_context else []
        positional = [self.value(each) for each in node.args]
        named = [ast.keyword(each.arg, self.value(each.value)) for each in node.keywords]
        return ast.Call(ast.Name(name_in_code(name), ast.Load()), context + positional, named)

    def _check_name(self, node: ast.expr, name: str) -> None:
        if name.startswith("__"):
            raise self._error(node, f"{name!r} is no name that scenarios use")

    def _similar(self, name: str, known: Collection[str]) -> str | None:
        close = get_close_matches(name, list(known), n=1)
        return f"did you mean {close[0]!r}?" if close else None

    def _error(self, node: ast.AST, message: str, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, self._offset(node), hint)

    def _offset(self, node: ast.AST) -> int:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 1)
        return self._source.offset(line, column, in_bytes=True)


def _text_in(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def name_in_code(function: str) -> str:
    """Return the name by which compiled code calls a function of the table."""
    return f"__function_{function.replace('.', '_')}__"


def operation(name: str, *operands: ast.expr) -> ast.expr:
    """Return the call of one of our operators."""
    return ast.Call(ast.Name(f"__{name}__", ast.Load()), list(operands), [])


def share(body: ast.expr, accesses: Iterable[list[ast.expr]]) -> ast.expr:
    """Return a body that reads what is read at several places once, before all else."""
    repeated = [nodes for nodes in accesses if len(nodes) > 1]
    if not repeated:
        return body
    names = {id(node): f"__shared{number}__" for number, nodes in enumerate(repeated) for node in nodes}

    def shared(node: Any) -> Any:  # noqa: ANN401 - whatever is in a tree
        return ast.Name(names[id(node)], ast.Load()) if id(node) in names else node

    for parent in ast.walk(body):
        for name, value in ast.iter_fields(parent):
            setattr(parent, name, list(map(shared, value)) if isinstance(value, list) else shared(value))
    parameters = [f"__shared{number}__" for number in range(len(repeated))]
    return ast.Call(function_of(parameters, body), [nodes[0] for nodes in repeated], [])


def function_of(parameters: Collection[str], body: ast.expr) -> ast.Lambda:
    """Return a function of these parameters."""
    arguments = [ast.arg(each) for each in parameters]
    return ast.Lambda(ast.arguments(posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[]), body)


class _Python:
    """An expression as Python reads it, in brackets so that it may have several lines, and the way back."""

    def __init__(self, source: str) -> None:
        python, self._offsets = _replace_defaults(source)
        self._lead = len(python) - len(python.lstrip())
        self._lines = f"({python[self._lead :]}".split("\n") if python.strip() else ["("]

    def parse(self) -> ast.Expression:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                return ast.parse("\n".join([*self._lines, ")"]), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line, column = getattr(error, "lineno", None) or 1, (getattr(error, "offset", None) or 1) - 1
            text = getattr(error, "msg", None) or "it is too deep"
            raise ExpressionError(f"not an expression: {text}", self.offset(line, column)) from error

    def offset(self, line: int, column: int, *, in_bytes: bool = False) -> int:
        """Return where in the source a place in Python's lines is; Python counts the columns of trees in bytes."""
        before = sum(len(each) + 1 for each in self._lines[: line - 1])
        if in_bytes and line <= len(self._lines):
            column = len(self._lines[line - 1].encode()[:column].decode(errors="replace"))
        index = before + column - 1 + self._lead
        return self._offsets[min(max(index, 0), len(self._offsets) - 1)]


def _replace_defaults(source: str) -> tuple[str, list[int]]:
    """Replace `a ?? b` by a conditional of the same binding, and say for each character where it came from."""
    out: list[str] = []
    offsets: list[int] = []
    position, quote = 0, ""
    while position < len(source):
        piece = source[position]
        width = 1
        if quote:
            if piece == "\\":
                piece = source[position : position + 2]
                width = len(piece)
            elif piece == quote:
                quote = ""
        elif piece in "'\"":
            quote = piece
        elif source[position : position + 2] == "??":
            piece, width = f" if {_DEFAULT} else ", 2
        out.append(piece)
        offsets += [position] * len(piece) if width != len(piece) else range(position, position + width)
        position += width
    return "".join(out), [*offsets, len(source)]


_NOTHING = _Python("")


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _written(signature: Signature) -> str:
    """Write a signature as scenarios need to know it: without types."""
    bare = [each.replace(annotation=Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=Signature.empty))
