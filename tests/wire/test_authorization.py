"""The `Authorization` header: every form, and every way to get it wrong (contract convex §3)."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.functions import Answer, post, query, send
from tests.support.raw import exchange, request_bytes
from tests.support.scenarios import load_text
from tests.support.serving import Served, serving

KEY = "demo-otter|s3cret"
OPEN = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret", "second-otter|other"]}
functions:
  who:am:
    rules:
      - {when: {identity: null}, result: nobody}
      - {when: {identity: {name: Ada, subject: "user|1", tokenIdentifier: "https://id.example|user|1"}}, result: ada}
      - {when: {identity: {givenName: Ada, emailVerified: true, "https://role": [a], updatedAt: 5}}, result: mapped}
      - {when: {identity: {tokenIdentifier: own}}, result: own}
      - {result: somebody}
  _system/x:y: {result: hidden}
  jobs:nightly: {visibility: internal, result: done}
  jobs:start: {do: [{call: {function: "jobs:nightly", as: told}}], result: "${told}"}
"""
CLOSED = """
deployment: {name: demo-otter, admin_keys: ["demo-otter|s3cret"]}
identities:
  ada: {token: token-of-ada, claims: {subject: "user|1", name: Ada}}
  bob: {token: header.payload.signature}
functions:
  who:am:
    rules:
      - {when: {identity: ada}, result: ada}
      - {when: {identity: {tokenIdentifier: "https://convex.test|bob"}}, result: bob}
      - {when: {identity: null}, result: nobody}
      - {result: somebody}
"""
MALFORMED = (400, "HeaderParseFailure", "Malformed Authorization header.")
BAD_KEY = (400, "InvalidAdminKey", "Invalid admin key")
BAD_JWT = (
    "Could not parse JWT payload. Check that the token is a valid JWT format with three base64-encoded parts "
    "separated by dots."
)
BAD_TOKEN = "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired."


@pytest.fixture
async def open_house(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a scenario that takes every well-formed token."""
    async with serving(load_text(tmp_path, OPEN)) as served:
        yield served


@pytest.fixture
async def closed_house(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a scenario that knows whom it lets in."""
    async with serving(load_text(tmp_path, CLOSED)) as served:
        yield served


async def who(served: Served, authorization: str | None) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await query(served, "who:am", headers=headers)


def jwt(claims: Any) -> str:
    def part(tree: Any) -> str:
        return urlsafe_b64encode(json.dumps(tree).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


def acting(attributes: Any, key: str = KEY) -> str:
    return f"Convex {key}:{b64encode(json.dumps(attributes).encode()).decode()}"


ADA = {"iss": "https://id.example", "sub": "user|1", "name": "Ada"}


async def test_without_a_header_nobody_calls(open_house: Served) -> None:
    assert (await who(open_house, None)).value == "nobody"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_claims_of_a_token_are_the_identity(open_house: Served, scheme: str) -> None:
    assert (await who(open_house, f"{scheme} {jwt(ADA)}")).value == "ada"


async def test_standard_claims_are_renamed_and_others_kept(open_house: Served) -> None:
    claims = {"given_name": "Ada", "email_verified": True, "https://role": ["a"], "updated_at": 5, "exp": 1}

    assert (await who(open_house, f"Bearer {jwt({'iss': 'x', 'sub': 'y', **claims})}")).value == "mapped"


async def test_neither_signature_nor_expiry_of_a_token_matter(open_house: Served) -> None:
    head, payload, _ = jwt({**ADA, "exp": 1, "aud": "other"}).split(".")

    for signature in ("", "AAAA", "-_-_"):
        assert (await who(open_house, f"Bearer {head}.{payload}.{signature}")).value == "ada"


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        jwt([1]),
        jwt("text"),
        jwt(None),
        jwt({"iss": "x", "odd": {"$set": 1}}),
    ],
)
async def test_a_token_that_is_no_jwt_is_refused(open_house: Served, closed_house: Served, token: str) -> None:
    for served in (open_house, closed_house):
        assert (await who(served, f"Bearer {token}")).refusal == (401, "InvalidAuthHeader", BAD_JWT)


@pytest.mark.parametrize("claims", [{}, {"sub": "x"}, {"iss": None}, {"iss": 5}])
async def test_a_token_without_an_issuer_is_refused(open_house: Served, claims: Any) -> None:
    status, code, message = (await who(open_house, f"Bearer {jwt(claims)}")).refusal

    assert (status, code) == (401, "InvalidAuthHeader")
    assert message.startswith("Missing issuer claim ('iss') in JWT payload. ")


async def test_listed_tokens_are_their_identities(closed_house: Served) -> None:
    assert (await who(closed_house, "Bearer token-of-ada")).value == "ada"
    assert (await who(closed_house, "Bearer header.payload.signature")).value == "bob"
    assert (await who(closed_house, None)).value == "nobody"


@pytest.mark.parametrize("token", [jwt(ADA), jwt({"iss": "https://convex.test", "sub": "user|1"})])
async def test_a_token_that_is_not_listed_cannot_be_verified(closed_house: Served, token: str) -> None:
    assert (await who(closed_house, f"Bearer {token}")).refusal == (401, "Unauthenticated", BAD_TOKEN)


@pytest.mark.parametrize("token", ["token-of-ad", "token-of-adaa", "TOKEN-OF-ADA"])
async def test_a_token_almost_like_a_listed_one_is_no_jwt(closed_house: Served, token: str) -> None:
    assert (await who(closed_house, f"Bearer {token}")).refusal == (401, "InvalidAuthHeader", BAD_JWT)


@pytest.mark.parametrize("header", ["", "x", "Bearer", "Convex", "123456"])
async def test_a_header_shorter_than_any_form_is_refused(open_house: Served, header: str) -> None:
    body = b'{"path":"who:am","args":{}}'
    request = request_bytes("POST", "/api/query", body, {"Authorization": header})

    answer = await exchange(open_house.url, request)

    expected = {"code": "InvalidHeaderFailure", "message": "Invalid authentication header"}
    assert (answer.status, answer.json) == (400, expected)


@pytest.mark.parametrize("header", ["Bearer é", "Convex demo-otter|sécret", "안녕하세요 여러분", b"Bearer \xff\xfe"])
async def test_a_header_that_is_not_ascii_is_refused(open_house: Served, header: str | bytes) -> None:
    body = b'{"path":"who:am","args":{}}'

    answer = await exchange(open_house.url, request_bytes("POST", "/api/query", body, {"Authorization": header}))

    assert (answer.status, answer.json["code"]) == (400, "HeaderParseFailure")


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Token abcdef", "BearerToken", "Convex|key", "nonsense"])
async def test_any_other_scheme_is_refused(open_house: Served, header: str) -> None:
    assert (await who(open_house, header)).refusal == BAD_KEY


@pytest.mark.parametrize("key", [KEY, f"prod:{KEY}", f"dev:{KEY}", "second-otter|other", f"  {KEY}  "])
@pytest.mark.parametrize("scheme", ["Convex", "convex", "CONVEX"])
async def test_an_admin_key_opens_what_is_for_admins(open_house: Served, scheme: str, key: str) -> None:
    headers = {"Authorization": f"{scheme} {key}"}

    assert (await query(open_house, "_system/x:y", headers=headers)).value == "hidden"
    assert (await post(open_house, "/api/function", {"path": "_system/x:y", "args": {}}, headers)).value == "hidden"


async def test_an_internal_function_is_there_for_admins_and_for_functions_that_call_it(open_house: Served) -> None:
    headers = {"Authorization": f"Convex {KEY}"}

    assert (await post(open_house, "/api/function", {"path": "jobs:nightly", "args": {}}, headers)).value == "done"
    assert "Could not find public function for 'jobs:nightly'" in (await query(open_house, "jobs:nightly")).error
    assert (await post(open_house, "/api/mutation", {"path": "jobs:start", "args": {}})).value == "done"


async def test_an_admin_is_nobody_to_functions(open_house: Served) -> None:
    assert (await who(open_house, f"Convex {KEY}")).value == "nobody"


@pytest.mark.parametrize(
    "key", ["demo-otter|wrong", "demo-otter|s3cre", "demo-otter|s3crett", "s3cret", "|s3cret", "x"]
)
async def test_a_wrong_admin_key_is_refused(open_house: Served, key: str) -> None:
    message = "The provided admin key was invalid for this instance"

    assert (await who(open_house, f"Convex {key}")).refusal == (401, "BadAdminKey", message)


@pytest.mark.parametrize("key", ["happy-otter-123|s3cret", "prod:happy-otter-123|s3cret"])
async def test_a_key_of_another_deployment_is_refused_with_the_name(open_house: Served, key: str) -> None:
    message = (
        "The provided deploy key was invalid for deployment 'demo-otter'. "
        "Double check that the environment this key was generated for matches the desired deployment."
    )

    assert (await who(open_house, f"Convex {key}")).refusal == (403, "BadDeployKey", message)


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ({"issuer": "https://id.example", "subject": "user|1", "name": "Ada"}, "ada"),
        ({"tokenIdentifier": "https://id.example|user|1", "subject": "user|1", "name": "Ada"}, "ada"),
        ({"tokenIdentifier": "own", "issuer": "a", "subject": "b"}, "own"),
        ({"tokenIdentifier": "other"}, "somebody"),
    ],
)
@pytest.mark.parametrize("key", [KEY, f"prod:{KEY}"])
async def test_an_admin_may_act_as_a_user(open_house: Served, attributes: Any, value: str, key: str) -> None:
    assert (await who(open_house, acting(attributes, key))).value == value


async def test_acting_as_a_user_keeps_the_rights_of_an_admin(open_house: Served) -> None:
    headers = {"Authorization": acting({"tokenIdentifier": "own"})}

    assert (await query(open_house, "_system/x:y", headers=headers)).value == "hidden"


@pytest.mark.parametrize("acted", ["", "not base64!", "e30", b64encode(b"{").decode(), b64encode(b"[1]").decode()])
async def test_a_user_who_cannot_be_read_is_refused(open_house: Served, acted: str) -> None:
    assert (await who(open_house, f"Convex {KEY}:{acted}")).refusal == MALFORMED


@pytest.mark.parametrize("attributes", [{}, {"name": "Ann"}, {"issuer": "x"}, {"subject": "y"}])
async def test_a_user_to_act_as_needs_an_identifier(open_house: Served, attributes: Any) -> None:
    assert (await who(open_house, acting(attributes))).refusal == MALFORMED


async def test_a_wrong_key_may_not_act_as_anybody(open_house: Served) -> None:
    refused = await who(open_house, acting({"tokenIdentifier": "own"}, "demo-otter|wrong"))

    assert refused.refusal[:2] == (401, "BadAdminKey")


PATHS = ["query", "mutation", "action", "function", "query_at_ts", "query_batch", "run/who/am"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_bad_token_fails_every_route_that_looks_at_identity(open_house: Served, path: str) -> None:
    body = {"path": "who:am", "args": {}, "queries": [], "ts": "AAAAAAAAAAA="}

    answer = await post(open_house, f"/api/{path}", body, {"Authorization": "Bearer nonsense"})

    assert answer.refusal == (401, "InvalidAuthHeader", BAD_JWT)
    assert len(open_house.emulator.journal) == 0


async def test_a_bad_token_fails_a_query_in_the_url(open_house: Served) -> None:
    url = "/api/query?path=who:am&args=%7B%7D"

    assert (await send(open_house, url, None, {"Authorization": "Basic xyz"}, by="GET")).refusal == BAD_KEY


async def test_the_identities_of_a_reloaded_scenario_are_in_force_at_once(closed_house: Served, tmp_path: Path) -> None:
    closed_house.emulator.swap(load_text(tmp_path, CLOSED.replace("token-of-ada", "new-token")))

    assert (await who(closed_house, "Bearer new-token")).value == "ada"
    assert (await who(closed_house, "Bearer token-of-ada")).status == 401


@pytest.mark.parametrize("secret", ["token-of-ada", "s3cret"])
async def test_secrets_are_not_repeated_to_others(
    closed_house: Served, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    for header in ("Bearer nonsense", "Convex demo-otter|x", f"Bearer {jwt(ADA)}"):
        answer = await who(closed_house, header)
        assert secret.encode() not in answer.body
        assert secret not in str(answer.headers)

    assert secret not in repr(closed_house.emulator.revision.scenario.identities)
    assert secret not in caplog.text
