"""Values as people read them: in Convex's error texts, and as a console prints its arguments."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode

from emulator.values.convex import Int64, Value

_YAML_SPECIAL = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf", "-0.0": "-0.0"}
_YAML_WORD = re.compile(r"(?!(?:true|false|null)\Z)[A-Za-z_][A-Za-z0-9_]*", re.IGNORECASE)
_YAML_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BARE_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def display(value: Value) -> str:
    """Write a value as the server's error texts do: ``{body: "x", likes: 3, at: 1.0}`` (contract convex §5.2)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Int64):
        return str(int(value))
    if isinstance(value, float):
        return _rust_float(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return f'b"{b64encode(value).decode()}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(display, value)) + "]"
    return "{" + ", ".join(f"{key}: {display(value[key])}" for key in sorted(value)) + "}"


def inspect(value: Value) -> str:
    """Write a value as ``console.log`` does: ``{ a: 1, b: 'x' }`` (contract convex §5.3)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Int64):
        return f"{int(value)}n"
    if isinstance(value, float):
        return javascript_number(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bytes):
        return f"ArrayBuffer {{ [Uint8Contents]: <{value.hex(' ')}>, byteLength: {len(value)} }}"
    if isinstance(value, list):
        return f"[ {', '.join(map(inspect, value))} ]" if value else "[]"
    fields = ", ".join(f"{_key(key)}: {inspect(each)}" for key, each in value.items())
    return f"{{ {fields} }}" if value else "{}"


def javascript_json(value: Value) -> str:
    """Write a value as ``JSON.stringify`` does in the message of a ConvexError: ``{"n":"3n","x":1}``."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json_text(key)}:{javascript_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(javascript_json, value)) + "]"
    if isinstance(value, Int64):
        return f'"{int(value)}n"'
    if isinstance(value, float):
        return javascript_number(value or 0.0) if math.isfinite(value) else "null"
    if isinstance(value, bytes):
        return "{}"
    return _json_text(value)


def spell(value: Value) -> str:
    """Write a value as a scenario file does, on one line: ``{body: "x", n: {$int64: 3}}``."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml_key(key)}: {spell(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spell, value)) + "]"
    if isinstance(value, Int64):
        return f"{{$int64: {int(value)}}}"
    if isinstance(value, bytes):
        return f"{{$bytes: {_json_text(b64encode(value).decode())}}}"
    if isinstance(value, float):
        return _YAML_SPECIAL.get(str(value)) or _yaml_number(value)
    return _yaml_text(value) if isinstance(value, str) else _json_text(value)


def javascript_number(value: float) -> str:
    """Write a number as JavaScript does: ``3``, ``0.5``, ``1e+21``, ``-0``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign, digits, exponent = _decimal_parts(value)
    if -6 < exponent <= 21:  # noqa: PLR2004 - the borders of Number.prototype.toString
        return sign + _positional(digits, exponent)
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{exponent - 1:+d}"


def _decimal_parts(value: float) -> tuple[str, str, int]:
    mantissa, _, power = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    exponent = len(whole) + int(power or 0)
    digits = whole + fraction
    exponent -= len(digits) - len(digits.lstrip("0"))
    return sign, digits.strip("0"), exponent


def _positional(digits: str, exponent: int) -> str:
    if exponent <= 0:
        return "0." + "0" * -exponent + digits
    if exponent >= len(digits):
        return digits + "0" * (exponent - len(digits))
    return f"{digits[:exponent]}.{digits[exponent:]}"


def _rust_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    sign, digits, exponent = _decimal_parts(value) if value else (("-" if math.copysign(1, value) < 0 else ""), "0", 1)
    if -4 < exponent <= 16:  # noqa: PLR2004 - the borders of Rust's {:?}
        text = _positional(digits, exponent)
        return sign + (text if "." in text else f"{text}.0")
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{exponent - 1}"


def _json_text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _yaml_key(key: str) -> str:
    return key if _YAML_WORD.fullmatch(key) else _yaml_quoted(key)


def _yaml_number(value: float) -> str:
    """Write a number in digits where they name this very Float64, and otherwise with an exponent."""
    text = javascript_number(value)
    return text if not text.lstrip("-").isdigit() or int(text) == value else repr(value)


def _yaml_text(text: str) -> str:
    """Write a text as a value: `${` as the `$${` that means it."""
    return _yaml_quoted(text.replace("${", "$${"))


def _yaml_quoted(text: str) -> str:
    """Write a quoted text: what YAML cannot hold as it is as an escape."""
    return _YAML_ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", _json_text(text))


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    quote = next((q for q in "'\"`" if q not in text), "'")
    out = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if quote == "'":
        out = out.replace("'", "\\'")
    return f"{quote}{out}{quote}"
