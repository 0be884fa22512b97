"""The routes that most runs are never asked for, in tables: method, path, and the method of a class that answers."""

from __future__ import annotations

from typing import TypeAlias

from emulator.runtime.emulator import Emulator
from emulator.surfaces.convex.gate import Endpoint, Gate
from emulator.surfaces.convex.late import LateEndpoints
from emulator.surfaces.http import RouteTable

_Place: TypeAlias = tuple[str, str]
_Route: TypeAlias = tuple[str, str, str]

_EXPORT = (
    ("GET", "/api/test_streaming_export_connection", "connection"),
    ("GET", "/api/json_schemas", "json_schemas"),
    ("GET", "/api/get_table_column_names", "column_names"),
    ("GET", "/api/list_snapshot", "snapshot_by_url"),
    ("POST", "/api/list_snapshot", "snapshot"),
    ("GET", "/api/document_deltas", "deltas_by_url"),
    ("POST", "/api/document_deltas", "deltas"),
    ("POST", "/api/v1/data/sync", "sync"),
    ("GET", "/api/v1/data/list_active_syncs", "active_syncs"),
    ("POST", "/api/data_sync_cursor_from_deltas", "sync_cursor"),
)
_IMPORT = (
    ("POST", "/api/streaming_import/import_airbyte_records", "import_records"),
    ("PUT", "/api/streaming_import/add_primary_key_indexes", "add_indexes"),
    ("GET", "/api/streaming_import/primary_key_indexes_ready", "indexes_ready"),
    ("PUT", "/api/streaming_import/clear_tables", "clear_tables"),
    ("POST", "/api/streaming_import/replace_tables", "replace_tables"),
    ("GET", "/api/streaming_import/get_schema", "schema"),
    ("POST", "/api/streaming_import/apply_fivetran_operations", "apply_operations"),
    ("POST", "/api/streaming_import/fivetran_truncate_table", "truncate_table"),
    ("POST", "/api/streaming_import/fivetran_create_table", "create_table"),
)
_DEPLOYMENT = (
    ("GET", "/api/check_admin_key", "check_key"),
    ("GET", "/api/list_environment_variables", "list_variables"),
    ("GET", "/api/v1/list_environment_variables", "list_variables"),
    ("POST", "/api/update_environment_variables", "update_variables"),
    ("POST", "/api/v1/update_environment_variables", "update_variables"),
    ("GET", "/api/v1/get_canonical_urls", "canonical_urls"),
    ("GET", "/api/v1/deployment_info", "info"),
    ("POST", "/api/v1/pause_deployment", "pause"),
    ("POST", "/api/v1/unpause_deployment", "unpause"),
    ("GET", "/api/v1/list_log_streams", "log_streams"),
    ("GET", "/api/get_indexes", "indexes"),
    ("GET", "/api/shapes2", "shapes"),
)
_LOGS = (
    ("GET", "/api/stream_function_logs", "function_logs"),
    ("GET", "/api/app_metrics/stream_function_logs", "function_logs"),
    ("GET", "/api/stream_udf_execution", "executions"),
    ("GET", "/api/app_metrics/stream_udf_execution", "executions"),
)
_SNAPSHOT_EXPORTS = (
    ("POST", "/api/export/request/zip", "request"),
    ("GET", "/api/export/zip/", "download"),
)
_SNAPSHOT_IMPORTS = (
    ("POST", "/api/import/start_upload", "start_upload"),
    ("POST", "/api/import/upload_part", "upload_part"),
    ("POST", "/api/import/finish_upload", "finish_upload"),
    ("POST", "/api/perform_import", "perform"),
    ("POST", "/api/cancel_import", "cancel"),
)
_CODE_MODULE = ("emulator.surfaces.convex.admin.code", "CodeEndpoints")
_CODE = (
    ("POST", "/api/get_config", "config"),
    ("POST", "/api/get_config_hashes", "config_hashes"),
    ("POST", "/api/run_test_function", "run"),
)
_PUSHES = (("POST", "/api/push_config", "push"), ("POST", "/api/deploy2/", "push"))

_STORAGE = (
    ("POST", "/api/storage/upload", "upload"),
    ("GET", "/api/storage/", "download"),
)

FOR_ADMINS: tuple[tuple[_Place, tuple[_Route, ...]], ...] = (
    (("emulator.surfaces.convex.export.endpoints", "ExportEndpoints"), _EXPORT),
    (("emulator.surfaces.convex.streaming_import.endpoints", "ImportEndpoints"), _IMPORT),
    (("emulator.surfaces.convex.admin.deployment", "DeploymentEndpoints"), _DEPLOYMENT),
    (("emulator.surfaces.convex.admin.logs", "LogEndpoints"), _LOGS),
    (("emulator.surfaces.convex.admin.exports", "SnapshotExportEndpoints"), _SNAPSHOT_EXPORTS),
    (("emulator.surfaces.convex.admin.imports", "SnapshotImportEndpoints"), _SNAPSHOT_IMPORTS),
    (_CODE_MODULE, _PUSHES),
)
"""What is for the holders of an admin key: the module and the class, and the routes that its methods answer."""

BY_BODY: tuple[tuple[_Place, tuple[_Route, ...]], ...] = ((_CODE_MODULE, _CODE),)
"""Likewise, but their key is in the body."""

FOR_EVERYBODY: tuple[tuple[_Place, tuple[_Route, ...]], ...] = (
    (("emulator.surfaces.convex.storage", "StorageEndpoints"), _STORAGE),
)
"""Likewise, but for whoever asks."""


def add_late_routes(routes: RouteTable[Endpoint], emulator: Emulator) -> None:
    """Add all of them to the routes of a surface."""
    gate = Gate(emulator)
    for table, let_in in ((FOR_ADMINS, gate.for_admins), ((*BY_BODY, *FOR_EVERYBODY), gate.for_everybody)):
        for (module, name), rows in table:
            late = LateEndpoints(emulator, module, name)
            for method, path, endpoint in rows:
                routes.add((method,), path, let_in(late.endpoint(endpoint)))
