"""QR codes: a reader that is not ours reads back what was written."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from typing import NamedTuple

import pytest
import zxingcpp

from emulator.engine.gateway.pairing import pairing_url
from emulator.surfaces.openclaw.qr import TextTooLongError, qr_data_uri

URL = pairing_url("http://192.168.0.7:18789", "K7RM2XQH")
PREFIX = "data:image/png;base64,"
AS_IT_IS, UP = 0, 2
SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Picture(NamedTuple):
    """Grey pixels, 0 is black and 255 white."""

    size: int
    pixels: bytes

    def row(self, number: int) -> bytes:
        return self.pixels[number * self.size : (number + 1) * self.size]


def picture_of(uri: str) -> Picture:
    """Read a PNG of one bit per pixel, whose rows are as they are or what differs from the row above."""
    png = b64decode(uri.removeprefix(PREFIX), validate=True)
    assert png.startswith(SIGNATURE)
    chunks, at = {}, len(SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        chunks[kind] = png[at + 8 : at + 8 + length]
        at += length + 12
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (width, depth, colour) == (height, 1, 0), "no grey square of one bit per pixel"
    stride = (width + 7) // 8
    lines = zlib.decompress(chunks[b"IDAT"])
    bits, row = "", bytes(stride)
    for start in range(0, len(lines), stride + 1):
        line = lines[start + 1 : start + 1 + stride]
        assert lines[start] in {AS_IT_IS, UP}, "a row with another filter"
        row = bytes(each + above & 255 for each, above in zip(line, row, strict=True)) if lines[start] == UP else line
        bits += "".join(f"{byte:08b}" for byte in row)[:width]
    return Picture(width, bytes(255 * int(bit) for bit in bits))


def read(uri: str) -> zxingcpp.Barcode:
    picture = picture_of(uri)
    [barcode] = zxingcpp.read_barcodes(memoryview(picture.pixels).cast("B", (picture.size, picture.size)))
    return barcode


@pytest.mark.parametrize(
    "text", [URL, "x", "http://" + "long." * 200, "openclaw://pair?name=하나의 폰 📱", "K7RM2XQH", "12345"]
)
def test_a_reader_reads_back_what_was_written(text: str) -> None:
    assert read(qr_data_uri(text)).text == text


def test_the_code_is_a_qr_code_of_error_correction_m() -> None:
    barcode = read(qr_data_uri(URL))

    assert barcode.format == zxingcpp.BarcodeFormat.QRCode
    assert barcode.ec_level == "M"


def test_the_code_stands_in_a_quiet_zone_of_four_modules() -> None:
    picture = picture_of(qr_data_uri(URL))
    dark = [number for number in range(picture.size) if 0 in picture.row(number)]
    module = picture.row(dark[0]).index(255, dark[0]) // 11  # 4 of the quiet zone, 7 of the finder pattern

    assert (dark[0], picture.size - dark[-1] - 1) == (4 * module, 4 * module)
    assert module == 8
    assert picture.row(dark[0]).index(0) == 4 * module


def test_a_camera_can_read_it_when_it_is_large() -> None:
    assert picture_of(qr_data_uri(URL)).size >= 300


def test_the_same_text_always_gives_the_same_image() -> None:
    assert qr_data_uri(URL) == qr_data_uri(URL)
    assert qr_data_uri(URL).startswith(PREFIX + "iVBORw0K")


def test_a_text_that_no_qr_code_holds_is_refused() -> None:
    assert qr_data_uri("x" * 2331)
    with pytest.raises(TextTooLongError, match="2332 characters are more than a QR code holds"):
        qr_data_uri("x" * 2332)
