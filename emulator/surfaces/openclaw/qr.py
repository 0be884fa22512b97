"""The one door to segno: QR codes as images (contract openclaw §1.9)."""

from __future__ import annotations

_ERROR_CORRECTION = "M"
_QUIET_ZONE = 4
_SCALE = 8  # pixels of a module: a camera reads it off a screen at arm's length


class TextTooLongError(ValueError):
    """A text that no QR code holds."""


def qr_data_uri(text: str) -> str:
    """Return a PNG of a QR code as a data URI; raise TextTooLongError where the text is more than 2,331 bytes."""
    import segno  # noqa: PLC0415 - it takes longer to import than all of ours

    try:
        code = segno.make_qr(text, error=_ERROR_CORRECTION, boost_error=False)
    except segno.DataOverflowError as error:
        raise TextTooLongError(f"{len(text)} characters are more than a QR code holds") from error
    return code.png_data_uri(scale=_SCALE, border=_QUIET_ZONE)
