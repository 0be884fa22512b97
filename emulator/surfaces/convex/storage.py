"""The endpoints of file storage: files come with a token, and whoever knows where they are gets them (§11)."""

from __future__ import annotations

import asyncio
import logging

import orjson
from aiohttp.hdrs import ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RANGE

from emulator.engine.files import PATH, ExpiredTokenError, check_token, find_file, store_file, stored_files
from emulator.runtime.emulator import Emulator
from emulator.runtime.files import MAX_FILE, FilesFullError
from emulator.surfaces.convex.failures import ApiError, bad_query
from emulator.surfaces.convex.gate import Asked
from emulator.surfaces.convex.reply import empty_reply, json_reply
from emulator.surfaces.convex.storage_codec import (
    UnsatisfiableError,
    read_content_type,
    read_digest,
    read_range,
    read_uuid,
)
from emulator.surfaces.http import BodyTooLargeError, BrokenBodyError, Reply, path_of, read_body
from emulator.values.digests import digest_of
from emulator.values.upload_tokens import ForeignTokenError, GarbledTokenError

_QUICKLY_DIGESTED = 1024 * 1024
_FOREVER = "private, max-age=2592000"
_TOO_LARGE = f"The file is too large (limit: {MAX_FILE // 1024 // 1024} MiB)"

logger = logging.getLogger(__name__)


class StorageEndpoints:
    """Uploads and downloads."""

    def __init__(self, emulator: Emulator) -> None:
        """Keep files in `emulator`."""
        self._emulator = emulator

    async def upload(self, asked: Asked) -> Reply:
        """Answer POST /api/storage/upload with the id of the file."""
        headers = asked.request.headers
        self._check_token(asked.request.query.get("token"))
        announced = read_digest(headers.get("Digest"))
        kind = read_content_type(headers.get(CONTENT_TYPE))
        content = await self._read(asked)
        is_quick = len(content) <= _QUICKLY_DIGESTED
        digest = digest_of(content) if is_quick else await asyncio.to_thread(digest_of, content)
        if announced is not None and announced != digest:
            raise ApiError(400, "Sha256Mismatch", f"The file has the SHA-256 {digest}, and {announced} was announced")
        key = self._store(digest, content, kind)
        return json_reply(orjson.dumps({"storageId": key}))

    async def download(self, asked: Asked) -> Reply:
        """Answer GET /api/storage/{uuid} with a file, or a part of it."""
        request, emulator = asked.request, self._emulator
        uuid = read_uuid(path_of(request).removeprefix(PATH))
        file = find_file(emulator.reading(), uuid)
        content = None if file is None else emulator.files.get(file.sha256)
        if file is None or content is None:
            if file is not None:
                logger.warning("the bytes of %s are forgotten; its deletion was taken back too late", file.id)
            raise ApiError(404, "FileNotFound", f"File {uuid} not found")
        headers: dict[str, str] = {
            "Digest": f"sha-256={file.sha256}",
            CACHE_CONTROL: _FOREVER,
            ACCEPT_RANGES: "bytes",
        }
        if file.content_type is not None:
            headers[CONTENT_TYPE] = file.content_type
        try:
            span = read_range(request.headers.get(RANGE), file.size)
        except UnsatisfiableError:
            return empty_reply(416, {CONTENT_RANGE: f"bytes */{file.size}"})
        if span is None:
            return Reply(200, content, headers)
        headers[CONTENT_RANGE] = f"bytes {span.start}-{span.end - 1}/{file.size}"
        return Reply(206, content[span.start : span.end], headers)

    def _check_token(self, token: str | None) -> None:
        if token is None:
            raise bad_query("missing field `token`")
        try:
            check_token(self._emulator.reading(), token)
        except GarbledTokenError as error:
            message = "Couldn't decode the StoreFileAuthorization token"
            raise ApiError(401, "StorageTokenInvalid", message) from error
        except ForeignTokenError as error:
            message = "The StoreFileAuthorization token was made for another deployment"
            raise ApiError(401, "InvalidStorageToken", message) from error
        except ExpiredTokenError as error:
            raise ApiError(401, "StorageTokenExpired", "Store File Authorization expired") from error

    async def _read(self, asked: Asked) -> bytes:
        try:
            return await read_body(asked.request, MAX_FILE)
        except BodyTooLargeError as error:
            logger.warning("an upload of more than %d bytes is refused", MAX_FILE)
            raise ApiError(413, "FileTooLarge", _TOO_LARGE) from error
        except BrokenBodyError as error:
            raise ApiError(400, "BadBody", f"Failed to read the request body: {error}") from error

    def _store(self, digest: str, content: bytes, kind: str | None) -> str:
        """Keep a file, bytes first: a document never names bytes that are not there."""
        emulator = self._emulator
        try:
            emulator.files.add(digest, content, {each.sha256 for each in stored_files(emulator.reading())})
        except FilesFullError as error:
            logger.warning("an upload is refused: %s", error)
            raise ApiError(413, "StorageFull", f"There is no room for the file: {error}") from error
        return emulator.transact(lambda transaction: store_file(transaction, digest, len(content), kind))
