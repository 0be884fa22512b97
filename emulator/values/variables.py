"""Environment variables of a deployment: what they may be called, and how long they may be (contract convex §13)."""

from __future__ import annotations

import re

MAX_VARIABLES = 100
MAX_NAME_LENGTH = 40
MAX_VALUE_BYTES = 8 * 1024
CLOUD_URL, SITE_URL = "CONVEX_CLOUD_URL", "CONVEX_SITE_URL"
BUILT_IN = frozenset({CLOUD_URL, SITE_URL})
"""The variables that every deployment has."""

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class VariableRefusedError(ValueError):
    """A change that a deployment refuses: a code and a sentence, both its own."""

    def __init__(self, code: str, message: str) -> None:
        """Say why."""
        super().__init__(message)
        self.code = code
        self.message = message


def check_variable(name: str, value: str | None) -> None:
    """Raise VariableRefusedError unless a variable may have this name, and this value; None removes one."""
    if not _NAME.fullmatch(name):
        message = (
            f"The environment variable name {name} is invalid. Environment variable names must begin with a letter "
            "and may only include characters a-z, A-Z, 0-9, and underscores."
        )
        raise VariableRefusedError("EnvironmentVariableNameInvalid", message)
    if len(name) > MAX_NAME_LENGTH:
        message = (
            f"The environment variable name {name} is too long. "
            f"Environment variable names must be less than {MAX_NAME_LENGTH}."
        )
        raise VariableRefusedError("EnvironmentVariableNameTooLong", message)
    if name in BUILT_IN:
        message = f'Environment variable with name "{name}" is built-in and cannot be overridden'
        raise VariableRefusedError("EnvVarNameForbidden", message)
    size = len((value or "").encode("utf-8", "surrogatepass"))
    if size > MAX_VALUE_BYTES:
        message = f"The environment variable value is {size} bytes, which is too large. (max size: {MAX_VALUE_BYTES}"
        raise VariableRefusedError("EnvironmentVariableValueTooLarge", message)
