"""Results made up of validators: whatever a function returns, the deployment would have returned them."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.call import Call
from emulator.engine.plan import Finish, Returned
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from emulator.values.validators.display import display_validator
from emulator.values.validators.json_form import write_validator
from emulator.values.validators.types import (
    AnyType,
    ArrayOf,
    BooleanType,
    BytesType,
    FieldOf,
    IdOf,
    Int64Type,
    Literal,
    NullType,
    NumberType,
    ObjectOf,
    RecordOf,
    StringType,
    UnionOf,
    Validator,
)
from tests.support.scenarios import write_files
from tests.support.values import int64s, texts

NAMES = ["_creationTime", "age", "email", "isDone", "createdAt", "deleted", "name", "odd name", "page", "price", "tags"]
_leaves: st.SearchStrategy[Validator] = st.one_of(
    st.sampled_from([AnyType(), NullType(), NumberType(), Int64Type(), BooleanType(), StringType(), BytesType()]),
    st.sampled_from(["users", "posts"]).map(IdOf),
    st.one_of(
        texts.filter(str.isprintable), st.booleans(), int64s, st.floats(allow_nan=False, allow_infinity=False)
    ).map(Literal),
)


def _deeper(inner: st.SearchStrategy[Validator]) -> st.SearchStrategy[Validator]:
    fields = st.builds(FieldOf, inner, st.booleans())
    return st.one_of(
        inner.map(ArrayOf),
        st.builds(RecordOf, st.sampled_from([StringType(), IdOf("users")]), inner),
        st.dictionaries(st.sampled_from(NAMES), fields, max_size=5).map(lambda each: ObjectOf(tuple(each.items()))),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: UnionOf(tuple(each))),
    )


validators = st.recursive(_leaves, _deeper, max_leaves=8)


def spec_of(returns: list[Validator]) -> dict[str, Any]:
    return {
        "functions": [
            {
                "identifier": f"made.js:up{number}",
                "functionType": "Query",
                "args": {"type": "any"},
                "returns": write_validator(each),
                "visibility": {"kind": "public"},
            }
            for number, each in enumerate(returns)
        ]
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(validators, min_size=1, max_size=8), st.integers(0, 2**31))
def test_what_is_made_up_of_any_validator_is_what_it_accepts(returns: list[Validator], seed: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        files = {
            "default.yaml": "functions: {$spec: spec.json}",
            "spec.json": json.dumps(spec_of(returns), ensure_ascii=False),
        }
        write_files(path, files)
        loaded = Loader([path], seed).load()
    assert not loaded.problems
    scenario = loaded.scenarios["default"]
    assert scenario is not None
    emulator = Emulator(scenario, VirtualClock(0))

    for number, validator in enumerate(returns):
        last = emulator.handle(Call(f"made:up{number}", None, {})).decision.plan[-1]
        assert isinstance(last, Finish)
        assert isinstance(last.ending, Returned), (display_validator(validator), last.ending)
