"""The variables that a command finds an emulator by."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.environment import variables
from emulator.model.gateway import Access, Scope

FACTS: dict[str, Any] = {
    "convex_url": "http://127.0.0.1:1",
    "gateway_url": "http://127.0.0.1:2",
    "site_url": "http://127.0.0.1:3",
    "control_url": "http://127.0.0.1:1/__emulator/",
    "admin_key": "local|key",
    "gateway_token": "t",
    "gateway_password": "p",
    "token": "control",
}
READ, ADMIN = frozenset({Scope.READ}), frozenset({Scope.ADMIN})
READ_AND_WRITE = frozenset({Scope.READ, Scope.WRITE})


def test_every_framework_finds_the_deployment_and_its_http_actions() -> None:
    found = variables(FACTS)

    prefixes = ("", "NEXT_PUBLIC_", "VITE_", "EXPO_PUBLIC_", "PUBLIC_", "REACT_APP_")
    assert {found[f"{each}CONVEX_URL"] for each in prefixes} == {"http://127.0.0.1:1"}
    assert {found[f"{each}CONVEX_SITE_URL"] for each in prefixes} == {"http://127.0.0.1:3"}


def test_the_convex_command_line_finds_the_deployment_and_no_other() -> None:
    found = variables(FACTS)

    assert (found["CONVEX_SELF_HOSTED_URL"], found["CONVEX_SELF_HOSTED_ADMIN_KEY"]) == (
        "http://127.0.0.1:1",
        "local|key",
    )
    assert {found[each] for each in ("CONVEX_DEPLOYMENT", "CONVEX_DEPLOY_KEY", "CONVEX_DEPLOYMENT_TOKEN")} == {""}


def test_tools_of_the_gateway_and_our_own_find_where_to_go_and_what_to_show() -> None:
    found = variables(FACTS)

    assert {name: value for name, value in found.items() if name.startswith(("OPENCLAW", "EMULATOR"))} == {
        "OPENCLAW_GATEWAY_URL": "http://127.0.0.1:2",
        "OPENCLAW_GATEWAY_TOKEN": "t",
        "OPENCLAW_GATEWAY_PASSWORD": "p",
        "EMULATOR_URL": "http://127.0.0.1:1",
        "EMULATOR_CONTROL_URL": "http://127.0.0.1:1/__emulator/",
        "EMULATOR_TOKEN": "control",
    }


def test_where_no_http_action_is_served_no_url_of_them_is_said() -> None:
    found = variables({**FACTS, "site_url": None})

    assert [each for each in found if "SITE" in each] == []


def test_tools_that_insist_on_a_secret_have_one_for_a_gateway_that_is_open() -> None:
    found = variables({**FACTS, "gateway_token": None, "gateway_password": None})

    assert found["OPENCLAW_GATEWAY_TOKEN"] == found["OPENCLAW_GATEWAY_PASSWORD"] != ""


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(), None),
        (Access("secret"), "secret"),
        (Access("secret", {"reader": READ}), "secret"),
        (Access("secret", {"reader": READ, "admin": ADMIN}), "admin"),
        (Access(None, {"reader": READ, "writer": READ_AND_WRITE}), "writer"),
    ],
)
def test_the_token_is_the_one_that_may_do_the_most(access: Access, expected: str | None) -> None:
    assert access.bearer == expected
