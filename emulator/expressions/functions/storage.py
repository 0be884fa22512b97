"""Functions on stored files."""

from __future__ import annotations

from emulator.expressions.context import Context
from emulator.expressions.functions.arguments import need_text
from emulator.expressions.functions.table import function_in_context
from emulator.values.upload_tokens import NONCE_BYTES


@function_in_context
def upload_url(context: Context) -> str:
    """Return a URL to which a file can be posted for an hour, as `generateUploadUrl` does."""
    return context.files.upload_url(context.now, context.draws.randbytes(NONCE_BYTES))


@function_in_context
def storage_url(context: Context, id: str) -> str | None:  # noqa: A002 - what scenarios write
    """Return the URL of a stored file, or null where there is none of that id."""
    return context.files.url_of(need_text(id))
