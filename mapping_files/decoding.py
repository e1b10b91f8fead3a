"""The text of a mapping file, from the bytes that an editor or a spreadsheet saved."""

from __future__ import annotations

import codecs
import re

# A UTF-32 mark begins like a UTF-16 mark, so it is looked for first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .numbers and .ods; .xls
SAVE_AS = 'save it as "CSV UTF-8"'
CP1252 = f"is not UTF-8, so it was read as Windows' cp1252; look at its letters with accents, or {SAVE_AS}"


class Unreadable(Exception):
    """The bytes are no text. `line`: where, None = the whole file; the message goes on from the name of the file."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


def encoding_of(data: bytes) -> str:
    """The encoding in which text is appended to what `decode` reads: without a mark of its own."""
    mark = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if mark in ("utf-16", "utf-32"):
        return f"{mark}-{'le' if data.startswith(codecs.BOM_UTF16_LE) else 'be'}"
    if unmarked := _utf16_without_mark(data):
        return unmarked
    return "cp1252" if decode(data)[1] else "utf-8"


def decode(data: bytes) -> tuple[str, str | None]:
    """The text and a warning, or None. Raises Unreadable."""
    if data.startswith(WORKBOOKS):
        raise Unreadable(f"is a workbook of a spreadsheet, not a text file; {SAVE_AS}")
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None) or _utf16_without_mark(data)
    try:
        text, warning = data.decode(encoding or "utf-8"), None
    except UnicodeDecodeError as error:
        if encoding:
            raise Unreadable(
                f"is damaged: it begins as {encoding.removesuffix('-sig').upper()}, but its bytes from position "
                f"{error.start + 1} on are none; {SAVE_AS}",
                None if "16" in encoding or "32" in encoding else _line_of(data, error.start),
            ) from None
        text, warning = _decode_cp1252(data, error.start), CP1252
    for character, what in (("\0", "a NUL byte"), ("\ufffd", "a character that was lost when the file was saved")):
        if character in text:
            line = len(re.findall("\r\n|\r|\n", text[: text.index(character)])) + 1
            raise Unreadable(f"is damaged: it holds {what}; {SAVE_AS} from the original", line)
    return text, warning


def _utf16_without_mark(data: bytes) -> str | None:
    """Every header is ASCII, so one byte of its first characters is zero in UTF-16."""
    start = data[:8]
    if len(start) == 8 and not any(start[1::2]) and all(start[::2]):
        return "utf-16-le"
    return "utf-16-be" if len(start) == 8 and not any(start[::2]) and all(start[1::2]) else None


def _decode_cp1252(data: bytes, start: int) -> str:
    """start: position of the first byte that is not UTF-8. Raises Unreadable."""
    if re.search(rb"[\xc3-\xf4][\x80-\xbf]", data):
        raise Unreadable(f"is damaged: it is UTF-8 except for some bytes; {SAVE_AS}", _line_of(data, start))
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"holds a byte, 0x{data[error.start]:02x}, that is neither UTF-8 nor cp1252; {SAVE_AS}",
            _line_of(data, error.start),
        ) from None


def _line_of(data: bytes, position: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", data[:position])) + 1
