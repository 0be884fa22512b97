"""Documents with their past: every write adds a version, and a moment is enough to read what was then.

A `Store` is one line of commits. Only `engine.state.commit` and its kin write to it; a `View` reads it as of its
timestamp, so that a state stays what it was however much is committed after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from emulator.engine.id_order import IdOrder
from emulator.values.convex import Value
from emulator.values.ids import FIRST_USER_TABLE, STORAGE, STORAGE_NUMBER

Document: TypeAlias = "dict[str, Value]"

FieldPath: TypeAlias = tuple[str, ...]
"""The names that lead to a field of a document."""

Indexed: TypeAlias = "str | tuple[FieldPath, ...]"
"""What an index files documents by: one field, or several that may be nested."""

MAX_COMMITS = 10_000
MAX_PAST_WRITES = 100_000
_MANY = 64


class Write(NamedTuple):
    """A document as it is from now on; None: it is gone."""

    collection: str
    key: str
    document: Document | None


class Commit(NamedTuple):
    """What was written at one timestamp; `undoes` is the commit it takes back, `is_seed` says that a scenario began."""

    ts: int
    writes: tuple[Write, ...]
    undoes: int | None = None
    is_seed: bool = False


class Version(NamedTuple):
    """A document as it is from `ts` on; None: it is gone."""

    ts: int
    document: Document | None


class Collection:
    """The documents of one table, in the order of their creation, and how many were inserted since it began."""

    __slots__ = (
        *("_ids", "_latest", "_moved", "_order", "_places", "_since"),
        *("changed", "indexes", "inserted", "newest", "size", "versions"),
    )

    def __init__(self) -> None:
        """Begin empty."""
        self.versions: dict[str, list[Version]] = {}
        self.indexes: dict[Indexed, dict[object, dict[str, None]]] = {}
        self.inserted = 0
        self.size = 0
        self.newest = 0.0
        self.changed = 0
        self._order: list[tuple[float, str]] = []
        self._places: dict[str, tuple[float, str]] = {}
        self._moved = 0
        self._latest: list[Document] | None = None
        self._since: dict[str, tuple[float, str]] = {}
        self._ids: IdOrder | None = None

    def read(self, key: str, ts: int) -> Document | None:
        """Return a document as it was at `ts`."""
        version = self.version(key, ts)
        return None if version is None else version.document

    def version(self, key: str, ts: int) -> Version | None:
        """Return what a document was at `ts`, and since when; None where nothing is known of it."""
        chain = self.versions.get(key)
        if chain is None:
            return None
        newest = chain[-1]
        if newest.ts <= ts:
            return newest
        return next((each for each in reversed(chain) if each.ts <= ts), None)

    def ids_after(self, key: str | None, most: int) -> list[str]:
        """Return the ids behind one in their order, or the first ones, of whatever there is or was; at most so many."""
        if self._ids is None:
            self._ids = IdOrder(self.versions)
        return self._ids.after(key, most)

    def scan(self, ts: int, *, descending: bool, after: tuple[float, str] | None) -> Iterator[Document]:
        """Yield the documents of a moment by creation; those behind `after` only, which is a time and an id."""
        order = self._order_of(ts)
        if descending:
            stop = len(order) if after is None else bisect_left(order, after)
            keys = (order[index] for index in range(stop - 1, -1, -1))
        else:
            start = 0 if after is None else bisect_right(order, after)
            keys = (order[index] for index in range(start, len(order)))
        for _, key in keys:
            document = self.read(key, ts)
            if document is not None:
                yield document

    def documents(self, ts: int) -> list[Document]:
        """Return all documents of a moment; the list is shared and must not be changed."""
        if ts < self.changed:
            return list(self.scan(ts, descending=False, after=None))
        if self._latest is None or len(self._since) * _MANY > len(self._latest):
            self._latest = list(self.scan(ts, descending=False, after=None))
        elif self._since:
            self._latest = self._renewed(self._latest, ts)
        self._since.clear()
        return self._latest

    def write(self, ts: int, key: str, document: Document | None) -> None:
        """Add a version."""
        created = None if document is None else _created(document)
        self.newest = self.newest if created is None else max(self.newest, created)
        chain = self.versions.get(key)
        was_there = chain is not None and chain[-1].document is not None
        self.inserted += not was_there
        self.size += (document is not None) - was_there
        if chain is None:
            chain = self.versions[key] = []
            self._enter(key, created)
            if self._ids is not None:
                self._ids.add(key)
        elif created not in (None, self._places[key][0]):
            del self._order[bisect_left(self._order, self._places[key])]
            self._enter(key, created)
            self._moved = ts
            self._latest = None
        chain.append(Version(ts, document))
        self.changed = ts
        self._since[key] = self._places[key]
        for name, index in self.indexes.items():
            if document is not None:
                index.setdefault(_filed(document, name), {})[key] = None

    def lookup(self, name: str, value: Value, ts: int) -> list[Document]:
        """Return the documents whose field has this value, by creation; the index is made when first asked for."""
        found = [self.read(key, ts) for key in self.filed(name, index_key(value))]
        return sorted((each for each in found if each is not None), key=position)

    def filed(self, name: Indexed, place: object) -> Iterable[str]:
        """Return the ids filed in one place of an index, which is made when first asked for: of all versions kept."""
        index = self.indexes.get(name)
        if index is None:
            index = self.indexes[name] = {}
            for key, chain in self.versions.items():
                for version in chain:
                    if version.document is not None:
                        index.setdefault(_filed(version.document, name), {})[key] = None
        return index.get(place, ())

    def begin_anew(self, ts: int) -> None:
        """Give ids and times of creation from now on as if the documents of this moment were the first ever."""
        documents = self.documents(ts)
        self.inserted = len(documents)
        self.newest = max((_created(each) or 0.0 for each in documents), default=0.0)

    def prune(self, keys: Iterable[str], ts: int) -> None:
        """Forget what nobody can ask for any more: the versions before the newest one up to `ts`."""
        gone = [place for key in keys if (place := self._prune(key, ts)) is not None]
        if len(gone) > _MANY:  # one by one they would move all behind them, each time
            several = set(gone)
            self._order = [each for each in self._order if each not in several]
            return
        for place in gone:
            del self._order[bisect_left(self._order, place)]

    def _prune(self, key: str, ts: int) -> tuple[float, str] | None:
        """Forget versions of one document; return its place where nothing is left of it."""
        chain = self.versions.get(key)
        if chain is None or (len(chain) == 1 and chain[0].document is not None):
            return None
        newest = max((number for number, version in enumerate(chain) if version.ts <= ts), default=0)
        for version in chain[:newest]:
            self._leave_indexes(key, version.document)
        del chain[:newest]
        if len(chain) > 1 or chain[0].document is not None or chain[0].ts > ts:
            return None
        del self.versions[key]
        if self._ids is not None:
            self._ids.discard(key)
        if key in self._since:
            self._latest = None
        return self._places.pop(key)

    def _renewed(self, listed: list[Document], ts: int) -> list[Document]:
        """Return a list of all documents with what was written since."""
        renewed = listed.copy()
        for key, place in self._since.items():
            index = bisect_left(renewed, place, key=lambda each: self._places[str(each["_id"])])
            is_listed = index < len(renewed) and renewed[index]["_id"] == key
            document = self.read(key, ts)
            renewed[index : index + is_listed] = [] if document is None else [document]
        return renewed

    def _order_of(self, ts: int) -> list[tuple[float, str]]:
        """Return the order of a moment: another one, before documents came again with another time of creation."""
        if ts >= self._moved:
            return self._order
        found = (self.read(key, ts) for key in self.versions)
        return sorted(position(each) for each in found if each is not None)

    def _enter(self, key: str, created: float | None) -> None:
        entry = (self.newest if created is None else created, key)
        self._places[key] = entry
        if self._order and entry < self._order[-1]:
            self._order.insert(bisect_left(self._order, entry), entry)
        else:
            self._order.append(entry)

    def _leave_indexes(self, key: str, document: Document | None) -> None:
        for name, index in self.indexes.items():
            still = (version.document for version in self.versions[key][1:])
            filed = _filed(document or {}, name)
            if not any(each is not None and _filed(each, name) == filed for each in still):
                keys = index.get(filed, {})
                keys.pop(key, None)
                if not keys:
                    index.pop(filed, None)


def position(document: Document) -> tuple[float, str]:
    """Return where a document stands in the order of creation."""
    return (_created(document) or 0.0, str(document["_id"]))


def is_behind(place: tuple[Any, ...], border: tuple[Any, ...], *, descending: bool) -> bool:
    """Whether a place comes after a border, in this direction."""
    return place < border if descending else place > border


def _created(document: Document) -> float | None:
    created = document.get("_creationTime")
    return created if isinstance(created, float) else None


def value_at(document: Document, path: FieldPath) -> tuple[bool, Value]:
    """Return whether a document has a field, and what is in it."""
    value: Value = document
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False, None
        value = value[name]
    return True, value


def _filed(document: Document, name: Indexed) -> object:
    """Return where an index files a document."""
    if isinstance(name, str):
        return index_key(document.get(name))
    return tuple([index_key(value_at(document, path)[1]) for path in name])


def index_key(value: Value) -> object:
    """Return what files a value in an index: equal values of one type share it; lists and mappings all do."""
    return (type(value), value) if value is None or isinstance(value, bool | int | float | str | bytes) else list


class Store:
    """Collections by name, the table numbers of those that are tables, and the newest commits."""

    def __init__(self, max_commits: int = MAX_COMMITS, max_writes: int = MAX_PAST_WRITES) -> None:
        """Begin empty."""
        self.collections: dict[str, Collection] = {}
        self.numbers: dict[str, int] = {}
        self.commits: deque[Commit] = deque()
        self.ts = 0
        self.floor = 0
        self._past_writes = 0
        self._max_commits = max_commits
        self._max_writes = max_writes

    def number_of(self, table: str) -> int:
        """Return a table's number, which it keeps for good (contract convex §2.3)."""
        return self.numbers.setdefault(table, FIRST_USER_TABLE + len(self.numbers))

    def append(self, commit: Commit) -> None:
        """Commit writes at a timestamp later than every one before it."""
        assert commit.ts > self.ts, f"a commit at {commit.ts} cannot follow one at {self.ts}"
        for collection, key, document in commit.writes:
            found = self.collections.get(collection)
            if found is None:
                found = self.collections[collection] = Collection()
            found.write(commit.ts, key, document)
        for collection in {each.collection for each in commit.writes} if commit.is_seed else ():
            self.collections[collection].begin_anew(commit.ts)
        self.ts = commit.ts
        self.commits.append(commit)
        self._past_writes += len(commit.writes)
        while len(self.commits) > self._max_commits or self._past_writes > self._max_writes:
            self._forget_oldest()

    def since(self, ts: int) -> Iterator[Commit]:
        """Yield the commits after a timestamp that is not older than `floor`, oldest first."""
        return islice(self.commits, bisect_right(self.commits, ts, key=lambda commit: commit.ts), None)

    def _forget_oldest(self) -> None:
        oldest = self.commits.popleft()
        self._past_writes -= len(oldest.writes)
        self.floor = oldest.ts
        keys: dict[str, list[str]] = {}
        for write in oldest.writes:
            keys.setdefault(write.collection, []).append(write.key)
        for name, several in keys.items():
            self.collections[name].prune(several, self.floor)


_NOTHING = Collection()


@dataclass(frozen=True, slots=True)
class View:
    """A store as it was at one moment."""

    store: Store = field(default_factory=Store)
    ts: int = 0

    def collection(self, name: str) -> Collection:
        """Return a collection, an empty one where nothing was ever written."""
        return self.store.collections.get(name, _NOTHING)

    def read(self, collection: str, key: str) -> Document | None:
        """Return one document, None where there is none."""
        return self.collection(collection).read(key, self.ts)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of the tables."""
        return self.store.numbers

    def table_of(self, number: int) -> str | None:
        """Return the table that has a number."""
        if number == STORAGE_NUMBER:
            return STORAGE
        numbers = tuple(self.store.numbers.items())  # a table may come to be while another thread looks
        return next((name for name, each in numbers if each == number), None)
