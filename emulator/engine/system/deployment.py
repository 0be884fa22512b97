"""System queries about the deployment itself: where it is, its environment, its exports and imports."""

from __future__ import annotations

from emulator.engine.environment import ENVIRONMENT, variables
from emulator.engine.snapshots import EXPORTS, IMPORTS
from emulator.engine.store import Document
from emulator.engine.system.query import Asked, takes
from emulator.values.convex import Value


def _cloud_url(asked: Asked) -> Value:
    return asked.transaction.state.origins.api


def _site_url(asked: Asked) -> Value:
    return asked.transaction.state.origins.site


def _variables(asked: Asked) -> Value:
    return [{"name": name, "value": value} for name, value in variables(asked.transaction).items()]


def _variable(asked: Asked) -> Value:
    name = str(asked.args["name"])
    found = asked.transaction.read(ENVIRONMENT, name)
    return None if found is None else {"name": name, "value": found["value"]}


def _latest_export(asked: Asked) -> Value:
    return next(iter(asked.transaction.scan(EXPORTS, descending=True)), None)


def _imports(asked: Asked) -> Value:
    found: list[Value] = list[Value](asked.transaction.scan(IMPORTS, descending=True))
    return found


def _import(asked: Asked) -> Value:
    found: Document | None = asked.transaction.read(IMPORTS, str(asked.args["importId"]))
    return found


def _components(_asked: Asked) -> Value:
    return []


QUERIES = {
    "_system/cli/convexUrl:cloudUrl": takes("{}", _cloud_url),
    "_system/cli/convexUrl:siteUrl": takes("{}", _site_url),
    "_system/cli/queryEnvironmentVariables": takes("{}", _variables),
    "_system/cli/queryEnvironmentVariables:get": takes("{name: string}", _variable),
    "_system/cli/exports:getLatest": takes("{}", _latest_export),
    "_system/cli/queryImport": takes("{importId: string}", _import),
    "_system/cli/queryImport:list": takes("{}", _imports),
    "_system/frontend/components:list": takes("{}", _components),
}
