"""What is left of a state, and what becomes of it when the scenario says something otherwise meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.engine.call import Call
from emulator.engine.definitions import definitions_of
from emulator.engine.image import ImageError, image_of
from emulator.engine.overlay import is_switched_on, switch
from emulator.engine.surroundings import UncomputableError
from emulator.model.scenario import Scenario
from emulator.runtime.clock import VirtualClock
from emulator.runtime.emulator import Emulator
from emulator.scenario.load import Loader
from tests.support.clocks import START
from tests.support.process import clean_environment
from tests.support.scenarios import load_text

ROOT = Path(__file__).parents[3]
BASE = """
seed: 1
vars: {who: Ada}
state: {n: 1, gone: 1}
deployment: {env: {MODE: a, OLD: x}}
tables:
  notes: {documents: [{text: first}, {text: second}]}
  people: {documents: [{name: "${vars.who}"}]}
  drawn: {documents: [{name: "${fake.name()}"}]}
  counted: {documents: [{notes: "${len(tables.notes)}"}]}
  gone: {documents: [{text: gone}]}
faults:
  - {name: outage, on: ["faulty:*"], enabled: false, failure: overloaded}
functions:
  notes:add: {do: [{insert: {into: notes, document: {text: more}}}], result: null}
  notes:del: {do: [{delete: {table: notes, id: "${tables.notes[0]._id}"}}], result: null}
  faulty:it: {result: null}
  notes:set: {do: [{set: {n: 5}}], result: null}
gateway:
  channels: {telegram: {status: connected}, irc: {status: disabled}}
  nodes: {phone: {name: Phone}}
  cron: {daily: {schedule: "0 0 * * *"}}
  sessions: {"agent:main:api:dm:a": {messages: [{role: user, content: hi}]}}
  config: {tools: {mode: a}}
"""
CHANGES = {
    "nothing": ("seed: 1", "seed: 1"),
    "the first documents of a table": ("{text: second}", "{text: other}"),
    "a constant that documents follow from": ("who: Ada", "who: Eve"),
    "a variable": ("n: 1, gone: 1", "n: 2, more: 3"),
    "an environment variable": ("MODE: a, OLD: x", "MODE: b"),
    "a table that is gone, and one that is new": ("gone: {documents", "fresh: {documents"),
    "a fault": ("failure: overloaded", "failure: internal"),
    "a channel": ("telegram: {status: connected}", "telegram: {status: disabled}, signal: {}"),
    "a device": ("name: Phone", "name: Telephone"),
    "a job that is gone": ("daily: {", "nightly: {"),
    "a conversation": ("content: hi", "content: hello"),
    "the config": ("mode: a", "mode: b"),
}


def begun(scenario: Scenario) -> Emulator:
    return Emulator(scenario, VirtualClock(START))


def lived(folder: Path, text: str = BASE) -> Emulator:
    """Return an emulator in which something of everything happened."""
    emulator = begun(load_text(folder, text))
    for name in ("notes:add", "notes:del", "notes:set", "notes:add"):
        emulator.handle(Call(name, None, {}))
    emulator.transact(lambda transaction: switch(transaction, "outage", on=True))
    return emulator


def everything(emulator: Emulator) -> dict[str, Any]:
    """Return all documents, in their order, without the moments that depend on how often something began."""
    view = emulator.state.view
    found = {name: each.documents(view.ts) for name, each in view.store.collections.items()}
    return {name: [{**each, "_creationTime": None} for each in rows] for name, rows in found.items() if rows}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_restored_is_what_a_reload_would_have_made_of_it(tmp_path: Path, change: tuple[str, str]) -> None:
    reloaded, ended = lived(tmp_path / "a"), lived(tmp_path / "b")
    text = BASE.replace(*change)
    image = image_of(ended.state, ended.revision.scenario)

    reloaded.swap(load_text(tmp_path / "c", text.replace("functions:", "functions:\n  x:y: {result: 1}")))
    restored = begun(load_text(tmp_path / "d", text))
    told = restored.restore(image)

    assert everything(restored) == everything(reloaded)
    assert restored.state.view.numbers == reloaded.state.view.numbers
    assert bool(told.anew) == (change[0] != change[1])
    for emulator in (reloaded, restored):
        emulator.handle(Call("notes:add", None, {}))
    assert everything(restored)["notes"] == everything(reloaded)["notes"]


def test_ids_and_timestamps_go_on_from_where_they_were(tmp_path: Path) -> None:
    ended = lived(tmp_path)
    known = {str(each["_id"]) for each in ended.reading().documents("notes")}
    ended.handle(Call("notes:del", None, {}))
    newest = ended.timestamp()
    ended.handle(Call("notes:add", None, {}))
    image = image_of(ended.state, ended.revision.scenario)

    restored = begun(ended.revision.scenario)
    restored.restore(image)
    restored.handle(Call("notes:add", None, {}))

    ids = [str(each["_id"]) for each in restored.reading().documents("notes")]
    assert len(set(ids)) == len(ids)
    assert ids[-1] not in known
    assert restored.state.view.ts > image.ts > newest
    created = [float(str(each["_creationTime"])) for each in restored.reading().documents("notes")]
    assert created == sorted(created)


def test_a_fault_that_was_switched_stays_so(tmp_path: Path) -> None:
    ended = lived(tmp_path)
    restored = begun(ended.revision.scenario)
    (fault,) = ended.revision.scenario.faults
    assert not is_switched_on(fault, restored.state.view)

    restored.restore(image_of(ended.state, ended.revision.scenario))

    assert is_switched_on(fault, restored.state.view)


def test_another_seed_draws_first_documents_anew_and_leaves_the_others(tmp_path: Path) -> None:
    ended = lived(tmp_path / "a")
    restored = begun(load_text(tmp_path / "b", BASE.replace("seed: 1", "seed: 2")))

    told = restored.restore(image_of(ended.state, ended.revision.scenario))

    assert told.anew == ("table people", "table drawn", "table counted")
    assert everything(restored)["notes"] == everything(ended)["notes"]
    assert everything(restored)["drawn"] != everything(ended)["drawn"]


def test_an_image_of_another_scenario_changes_nothing(tmp_path: Path) -> None:
    ended = lived(tmp_path)
    image = image_of(ended.state, ended.revision.scenario)._replace(scenario="other")
    before = everything(ended)

    with pytest.raises(ImageError, match="it is of the scenario other, and default is in force"):
        ended.restore(image)
    assert everything(ended) == before


def test_tables_that_cannot_begin_change_nothing(tmp_path: Path) -> None:
    ended = begun(load_text(tmp_path / "a", DIVIDING))
    ended.handle(Call("zero:it", None, {}))
    image = image_of(ended.state, ended.revision.scenario)
    emulator = begun(
        load_text(tmp_path / "b", f"{DIVIDING}tables: {{risky: {{documents: [{{n: '${{1 / state.n}}'}}]}}}}")
    )
    before = everything(emulator)

    with pytest.raises(UncomputableError, match="division by zero"):
        emulator.restore(image)
    assert everything(emulator) == before


DIVIDING = """
state: {n: 1}
functions: {zero:it: {do: [{set: {n: 0}}], result: null}}
"""
RECONNECTING = """
gateway:
  channels:
    telegram: {status: connected, reconnect: {takes: 5s}}
    irc: {status: connected, reconnect: {takes: 5s, error: no line}}
    slow: {status: connecting}
  cron: {daily: {schedule: "0 0 * * *", run: {takes: 5s, reply: done}}}
"""


def test_what_was_under_way_is_over(tmp_path: Path) -> None:
    from emulator.engine.gateway.channels import channels, reconnect
    from emulator.engine.gateway.jobs import ran
    from emulator.runtime.chat import Chats
    from emulator.runtime.cron import Jobs

    ended = begun(load_text(tmp_path, RECONNECTING))
    gateway = ended.revision.scenario.gateway
    for each in gateway.channels.values():
        ended.transact(lambda transaction, each=each: reconnect(transaction, each))  # type: ignore[misc]
    Jobs(ended, Chats(ended)).run(gateway.cron["daily"])
    assert ran(ended.reading(), "daily").status == "running"

    restored = begun(ended.revision.scenario)
    restored.restore(image_of(ended.state, ended.revision.scenario))

    found = {each.id: (each.status.value, each.error) for each in channels(restored.reading())}
    assert found == {
        "telegram": ("connected", None),
        "irc": ("disconnected", "no line"),
        "slow": ("connecting", None),
    }
    assert ran(restored.reading(), "daily").status == "error"


PROGRAM = """
import json, sys
from pathlib import Path
from emulator.engine.definitions import definitions_of
from emulator.scenario.load import Loader
loaded = Loader([Path(sys.argv[1])]).load()
print(json.dumps({name: definitions_of(each) for name, each in loaded.scenarios.items()}))
"""


def test_digests_are_the_same_in_every_process() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(ROOT / "scenarios")],
            env=clean_environment(PYTHONHASHSEED=seed, PYTHONPATH=str(ROOT)),
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert found[0] == found[1]
    assert len(json.loads(found[0])) > 10


def test_a_digest_follows_from_what_is_said_and_not_from_where_it_stands(tmp_path: Path) -> None:
    moved = BASE.replace("seed: 1\n", "# a comment\n\n\nseed: 1\n").replace("MODE: a, OLD: x", "OLD: x, MODE: a")

    assert definitions_of(load_text(tmp_path / "a", BASE)) == definitions_of(load_text(tmp_path / "b", moved))


def test_every_scenario_of_the_examples_can_be_restored() -> None:
    for name, scenario in Loader([ROOT / "scenarios"]).load().scenarios.items():
        assert scenario is not None
        emulator = begun(scenario)
        told = begun(scenario).restore(image_of(emulator.state, scenario))
        assert (name, told.anew, told.writes) == (name, (), ())
