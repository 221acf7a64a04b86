"""The header of an ordinary JPEG, read without opening it as an image: five times faster, and most files are ordinary.

Ordinary is: 8 bits, grey or three colours, every segment as the standard has it (ITU-T T.81, annex B). About any other
file Pillow is asked, which knows what to make of it.
"""

from __future__ import annotations

import struct

from attrs import frozen

_SIZES = (0xC0, 0xC1, 0xC2)
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


def header_of(data: memoryview) -> Header | None:
    """The header of a whole file; None where it is no JPEG, or none that is ordinary."""
    try:
        return _header(data)
    except (IndexError, struct.error):  # cut short
        return None


def _header(data: memoryview) -> Header | None:
    if data[:3] != b"\xff\xd8\xff":
        return None
    place, size, orientation = 2, None, None
    while True:
        start, marker, length = struct.unpack_from(">BBH", data, place)
        if start != 0xFF or length < 2:
            return None
        if marker == _SCAN:
            break
        body = data[place + 4 : place + 2 + length]
        if marker in _SIZES and size is None:
            size = struct.unpack_from(">BHHB", body)
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
    return Header(width, height, channels, orientation or 1) if ordinary else None


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
