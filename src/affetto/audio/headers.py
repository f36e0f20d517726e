"""What a file says about its own length, where the decoder does not tell.

FFmpeg takes the end of a WAV file for the end of its sound and gives the length of an Ogg file as
far as it reaches, so a truncated one looks whole to it.
"""

import struct

__all__ = ["mp3_without_size", "ogg_is_whole", "wav_seconds"]

_UNKNOWN_FROM = 0x7FFFF000  # bytes; programs that write to a pipe state such sizes or zero


def wav_seconds(head: bytes) -> float | None:
    r"""Read the length that a WAV header states.

    Args:
        head: the beginning of the file.

    Returns:
        Seconds, or None where the header leaves it open or is no WAV header.

    Examples:
        >>> form = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
        >>> sizes = struct.pack("<I", 16), struct.pack("<I", 64_000)
        >>> wav_seconds(b"RIFF\0\0\0\0WAVEfmt " + sizes[0] + form + b"data" + sizes[1])
        2.0
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    place, bytes_a_second = 12, 0
    while place + 8 <= len(head):
        kind, size = struct.unpack_from("<4sI", head, place)
        place += 8
        if kind == b"fmt " and place + 12 <= len(head):
            (bytes_a_second,) = struct.unpack_from("<I", head, place + 8)
        if kind == b"data":
            known = bytes_a_second and 0 < size < _UNKNOWN_FROM
            return size / bytes_a_second if known else None
        place += size + size % 2
    return None


def ogg_is_whole(tail: bytes) -> bool:
    r"""Tell whether an Ogg file ends with the page that says so.

    Args:
        tail: the last bytes of the file, 64 kB or more, which hold its last page.

    Examples:
        >>> last_page = b"OggS\0\4" + bytes(20) + b"\1\3abc"
        >>> ogg_is_whole(last_page), ogg_is_whole(last_page[:-1])
        (True, False)
    """
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return False
    pieces = tail[page + 26]
    length = 27 + pieces + sum(tail[page + 27 : page + 27 + pieces])
    return bool(tail[page + 5] & 4) and len(tail) >= page + length


def mp3_without_size(head: bytes) -> bytes:
    r"""Take back how many bytes an MP3 says it has.

    FFmpeg takes the size of what can't seek for huge, the file for several that were joined, and
    the padding at its end for sound; unless no size is stated.

    Args:
        head: the beginning of a file of any kind, with the first frame of an MP3.

    Examples:
        >>> tag = b"Info\0\0\0\3" + b"\0\0\0\x09" + b"\0\0\x10\0" + b"LAME"
        >>> mp3_without_size(b"\xff\xfb\x90\0" + bytes(32) + tag)[36:]
        b'Info\x00\x00\x00\x03\x00\x00\x00\t\x00\x00\x00\x00LAME'
    """
    frame = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        a, b, c, d = head[6:10]
        frame = 10 + (a << 21 | b << 14 | c << 7 | d)
    if len(head) < frame + 4 or head[frame] != 0xFF or head[frame + 1] & 0xE6 != 0xE2:
        return head  # no layer III
    newest, mono = head[frame + 1] & 8, head[frame + 3] >> 6 == 3
    tag = frame + 4 + (17 if mono else 32) if newest else frame + 4 + (9 if mono else 17)
    if head[tag : tag + 4] not in (b"Xing", b"Info") or len(head) < tag + 16:
        return head
    (flags,) = struct.unpack_from(">I", head, tag + 4)
    if not flags & 2:
        return head
    size = tag + (12 if flags & 1 else 8)
    return head[:size] + bytes(4) + head[size + 4 :]
