"""The header of an ordinary JPEG, read without opening it as an image: five times faster, and most files are ordinary.

Ordinary is: 8 bits, grey or three colours, every segment as the standard has it (ITU-T T.81, annex B). About any other
file Pillow is asked, which knows what to make of it.
"""

from __future__ import annotations

import struct

import numpy as np
from attrs import frozen

_SIZES = (0xC0, 0xC1, 0xC2)
_PROGRESSIVE = 0xC2
_SCAN, _EXIF, _SEVERAL = 0xDA, 0xE1, 0xE2
_SKIPPED = {0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)}
"""Huffman and quantisation tables, restart intervals, comments and applications' own."""
_ORIENTATION, _SHORT = 0x0112, 3


@frozen
class Header:
    """What decoding needs to know."""

    width: int
    height: int
    channels: int
    """1 or 3."""
    orientation: int
    """The EXIF tag, 1 to 8; 1 where there is none."""
    height_at: int = 0
    """Where in the file the height stands."""
    scan_at: int = 0
    """Where the first scan's segment starts."""
    block: int = 0
    """How many rows are coded together; 0 where the image is not one scan from top to bottom."""


def first_rows(data: np.ndarray, header: Header, rows: int) -> np.ndarray:
    """A file uint8 (n,) that says it ends at the first multiple of `block` that is above `rows`: decoded by what does
    not mind that more comes, its rows up to `rows` are those of the whole. The file itself where it has not so many, or
    is one of which the rest could say anything, or is cut short."""
    end = -(-(rows + 1) // header.block) * header.block if header.block else header.height
    if end >= header.height or bytes(data[-2:]) != b"\xff\xd9":
        return data
    scan = data[header.scan_at + 2 : -2]
    after = scan[1:][scan[:-1] == 0xFF]
    if scan[-1] == 0xFF or not ((after == 0) | ((after >= 0xD0) & (after <= 0xD7))).all():
        return data  # another marker: a second scan, another height, or damage
    changed = data.copy()
    changed[header.height_at : header.height_at + 2] = divmod(end, 256)
    return changed


def header_of(data: memoryview) -> Header | None:
    """The header of a whole file; None where it is no JPEG, or none that is ordinary."""
    try:
        return _header(data)
    except (IndexError, struct.error):  # cut short
        return None


def _header(data: memoryview) -> Header | None:
    if data[:3] != b"\xff\xd8\xff":
        return None
    place, size, orientation, at, block = 2, None, None, 0, 0
    while True:
        start, marker, length = struct.unpack_from(">BBH", data, place)
        if start != 0xFF or length < 2:
            return None
        if marker == _SCAN:
            break
        body = data[place + 4 : place + 2 + length]
        if marker in _SIZES and size is None:
            size, at = struct.unpack_from(">BHHB", body), place + 5
            block = 8 * max((factors & 15 for factors in body[7::3]), default=0) if marker != _PROGRESSIVE else 0
        elif marker == _EXIF and body[:6] == b"Exif\0\0":
            if orientation is not None or (orientation := _orientation(body[6:])) is None:
                return None
        elif marker not in _SKIPPED or (marker == _SEVERAL and body[:4] == b"MPF\0"):
            return None
        place += 2 + length
    if size is None:
        return None
    bits, height, width, channels = size
    ordinary = bits == 8 and channels in (1, 3) and height and width
    block *= data[place + 4] == channels  # else several scans follow each other
    return Header(width, height, channels, orientation or 1, at, place, block) if ordinary else None


def _orientation(exif: memoryview) -> int | None:
    """The tag in the first directory of an EXIF block (TIFF 6.0, section 2); None where something is odd about it."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(exif[:2]))
    if order is None:
        return None
    magic, place = struct.unpack_from(f"{order}HI", exif, 2)
    (count,) = struct.unpack_from(f"{order}H", exif, place)
    found = []
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from(f"{order}HHIH", exif, entry)
        if tag == _ORIENTATION:
            found.append(value if (kind, number) == (_SHORT, 1) else None)
    if magic != 42 or len(found) > 1:
        return None
    orientation = found[0] if found else 1
    return orientation if orientation in range(1, 9) else None
