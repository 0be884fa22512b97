"""The gateway's pages: whole in themselves, safe, and usable without a mouse."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.surfaces.openclaw.pages import (
    PAGE_HEADERS,
    SECURITY_POLICY,
    AgentRow,
    ChannelRow,
    chat_page,
    login_page,
    overview_page,
    safe_next,
)

EVIL = "<script>alert('1')</script>\"'&"
AGENTS = [AgentRow("main", "Main", "idle", "anthropic/claude"), AgentRow(EVIL, EVIL, EVIL, EVIL)]
CHANNELS = [
    ChannelRow("telegram", "connected", "2024-02-08T12:00:00Z"),
    ChannelRow("signal", "disabled"),
    ChannelRow(EVIL, EVIL, EVIL, EVIL),
]
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, texts, and whether everything is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


PAGES = {
    "login": login_page("/chat"),
    "wrong": login_page(EVIL, EVIL),
    "overview": overview_page(EVIL, EVIL, AGENTS, CHANNELS),
    "empty": overview_page("2024.2.0", "default", [], []),
    "chat": chat_page(AGENTS, EVIL),
}
each_page = pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)


@each_page
def test_a_page_is_well_formed_and_says_its_language_and_name(text: str) -> None:
    page = Page(text)

    assert text.startswith("<!doctype html>")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.texts["title"]) == len(page.all("h1")) == len(page.all("main")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@each_page
def test_a_page_fetches_nothing_and_its_policy_allows_what_it_holds(text: str) -> None:
    page = Page(text)

    for tag, attributes in page.elements:
        assert not {"src", "style", "srcset"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
    assert page.all("link") == [{"rel": "icon", "href": "data:,"}]
    for tag in ("style", "script"):
        for content in page.texts.get(tag, []):
            digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in SECURITY_POLICY
    assert "@import" not in text
    assert "url(" not in text


@each_page
def test_a_page_escapes_what_it_is_given(text: str) -> None:
    assert "alert(" not in "".join(Page(text).texts.get("script", []))
    assert "<script>alert" not in text


@each_page
def test_every_field_has_a_label(text: str) -> None:
    page = Page(text)
    labels = {each["for"] for each in page.all("label")}
    fields = [*page.all("input"), *page.all("select"), *page.all("textarea")]

    assert {each["id"] for each in fields if each.get("type") != "hidden"} == labels


@each_page
def test_a_page_follows_the_light(text: str) -> None:
    assert "color-scheme: light dark" in text
    assert "prefers-color-scheme: dark" in text


def test_the_headers_of_a_page() -> None:
    headers = dict(PAGE_HEADERS)

    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert all(value.isascii() and value.isprintable() for value in headers.values())


def test_the_form_can_be_sent_by_keyboard_and_knows_where_to_go_next() -> None:
    page = Page(login_page("/chat?session=1&agent=main"))
    hidden, password = page.all("input")

    assert page.all("form")[0]["method"] == "post"
    assert page.all("form")[0]["action"] == "/login"
    assert (hidden["name"], hidden["value"]) == ("next", "/chat?session=1&agent=main")
    assert (password["name"], password["type"]) == ("password", "password")
    assert {"autofocus", "required"} <= set(password)
    assert page.all("button") == [{"type": "submit"}]
    assert not [each for _, each in page.elements if each.get("role") == "alert"]


def test_a_refused_password_is_told_aloud() -> None:
    page = Page(login_page(None, "Wrong <password>."))
    alerts = [each for _, each in page.elements if each.get("role") == "alert"]
    password = page.all("input")[1]

    assert [each["id"] for each in alerts] == [password["aria-describedby"]]
    assert "Wrong <password>." in page.texts["p"]


def test_the_overview_says_what_there_is() -> None:
    page = Page(overview_page("2024.2.0", "team-chat", AGENTS[:1], CHANNELS[:2]))
    texts = [text for each in page.texts.values() for text in each]

    for text in ("team-chat", "main", "idle", "anthropic/claude", "telegram", "connected", "2024-02-08T12:00:00Z"):
        assert text in texts
    assert any("2024.2.0" in each for each in texts)
    assert {"/health", "/chat"} <= {each["href"] for each in page.all("a")}


def test_the_overview_says_what_there_is_not() -> None:
    page = Page(PAGES["empty"])

    assert {"No agents.", "No channels."} <= set(page.texts["p"])
    assert page.all("table") == []


def test_the_chat_is_read_out_and_offers_all_agents() -> None:
    page = Page(chat_page(AGENTS))
    live = [each for _, each in page.elements if "aria-live" in each]

    assert [each["role"] for each in live] == ["log"]
    assert [each["value"] for each in page.all("option")] == ["main", EVIL]
    assert page.all("input")[0]["value"] == "web"


def test_the_script_uses_only_what_the_page_has() -> None:
    page = Page(chat_page(AGENTS))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    (script,) = page.texts["script"]

    assert set(re.findall(r'\$\("(\w+)"\)', script)) <= ids
    assert "innerHTML" not in script


@pytest.mark.parametrize("path", ["/", "/chat", "/chat?session=a%20b&agent=x#log", "/a//b", "/~me/(1)"])
def test_a_path_of_this_origin_is_where_to_go_next(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(None, "", "chat", "//evil.test", "///evil.test", "/\\evil.test", "\\/evil.test", "http://evil.test"),
        *("javascript:alert(1)", "/\t/evil.test", "/\n/evil.test", "/a\r\nSet-Cookie: x=1", "/\0", "/\x7f", " /a"),
        "/" + "a" * 2_000,
    ],
)
def test_anything_else_is_the_first_page(path: str | None) -> None:
    assert safe_next(path) == "/"


def test_what_a_header_cannot_hold_is_encoded() -> None:
    assert safe_next("/대화 1?<x>") == "/%EB%8C%80%ED%99%94%201?%3Cx%3E"


@given(
    st.one_of(st.text(st.characters()), st.text(st.sampled_from("/\\.:@?#% \t\n\r\0evil"))), st.sampled_from(["", "/"])
)
def test_it_never_leads_to_another_origin(path: str, slash: str) -> None:
    target = safe_next(slash + path)

    assert target.isascii()
    assert target.isprintable()
    assert urlsplit(urljoin("http://localhost:18789/login", target)).netloc == "localhost:18789"
