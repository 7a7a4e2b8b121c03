"""What a file is by its first bytes; its name is only a hint, and may lie.

The bytes are those of the public standards; `wxgf` (pictures of WeChat) and SILK (its voices) have
none, they are as the exports of WeChat have them.
"""

import re

import msgspec

from chatvault.model import MessageKind

HEAD = 32  # bytes that decide


class MediaType(msgspec.Struct, frozen=True):
    """A kind of message, a media type, and which reader understands its header."""

    kind: MessageKind
    type: str
    form: str = ""  # jpeg, png, gif, webp, bmp, tiff, heif, video


_STARTS = (
    (b"\xff\xd8\xff", MediaType(MessageKind.IMAGE, "image/jpeg", "jpeg")),
    (b"\x89PNG\r\n\x1a\n", MediaType(MessageKind.IMAGE, "image/png", "png")),
    (b"GIF87a", MediaType(MessageKind.IMAGE, "image/gif", "gif")),
    (b"GIF89a", MediaType(MessageKind.IMAGE, "image/gif", "gif")),
    (b"II*\0", MediaType(MessageKind.IMAGE, "image/tiff", "tiff")),
    (b"MM\0*", MediaType(MessageKind.IMAGE, "image/tiff", "tiff")),
    (b"wxgf", MediaType(MessageKind.IMAGE, "image/x-wxgf")),
    (b"\x1aE\xdf\xa3", MediaType(MessageKind.VIDEO, "video/x-matroska")),
    (b"#!AMR", MediaType(MessageKind.VOICE, "audio/amr")),
    (b"#!SILK_V3", MediaType(MessageKind.VOICE, "audio/x-silk")),
    (b"\x02#!SILK_V3", MediaType(MessageKind.VOICE, "audio/x-silk")),
    (b"OggS", MediaType(MessageKind.AUDIO, "audio/ogg")),
    (b"ID3", MediaType(MessageKind.AUDIO, "audio/mpeg")),
)
_RIFF = {
    b"WEBP": MediaType(MessageKind.IMAGE, "image/webp", "webp"),
    b"WAVE": MediaType(MessageKind.AUDIO, "audio/wav"),
    b"AVI ": MediaType(MessageKind.VIDEO, "video/x-msvideo"),
}
_HEIF = {
    b"heic": "image/heic", b"heix": "image/heic", b"hevc": "image/heic", b"heim": "image/heic",
    b"mif1": "image/heif", b"msf1": "image/heif", b"avif": "image/avif", b"avis": "image/avif",
}  # fmt: skip
_BOX = re.compile(rb"[\x20-\x7e]{4}")


def media_type(head: bytes) -> MediaType | None:
    """What these first bytes begin; None when it is no picture, video or sound that we know."""
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso(head[8:12])
    if head[4:8] in {b"moov", b"mdat", b"wide"}:  # QuickTime before it had a type
        return MediaType(MessageKind.VIDEO, "video/quicktime", "video")
    # BM is two letters that many texts begin with: its reserved bytes are zero.
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and len(head) >= 26:
        return MediaType(MessageKind.IMAGE, "image/bmp", "bmp")
    return _mpeg_audio(head)


def _iso(brand: bytes) -> MediaType | None:
    if brand in _HEIF:
        return MediaType(MessageKind.IMAGE, _HEIF[brand], "heif")
    if brand == b"crx ":  # Canon's raw pictures
        return MediaType(MessageKind.IMAGE, "image/x-canon-cr3", "video")
    if brand in {b"M4A ", b"M4B ", b"M4P "}:
        return MediaType(MessageKind.AUDIO, "audio/mp4", "video")
    if brand == b"qt  ":
        return MediaType(MessageKind.VIDEO, "video/quicktime", "video")
    if brand.startswith((b"3gp", b"3g2")):
        return MediaType(MessageKind.VIDEO, "video/3gpp", "video")
    return MediaType(MessageKind.VIDEO, "video/mp4", "video") if _BOX.fullmatch(brand) else None


def _mpeg_audio(head: bytes) -> MediaType | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0 and head[1] & 0xF6 == 0xF0:
        return MediaType(MessageKind.AUDIO, "audio/aac")
    # Layer I is left out: FF FE is the mark of UTF-16. No rate has all bits set.
    sound = layer in {1, 2} and head[2] >> 4 != 0xF and head[2] >> 2 & 3 != 3
    return MediaType(MessageKind.AUDIO, "audio/mpeg") if sound else None


# Names that are media as a rule, for guessing from a listing.
ENDINGS = frozenset({
    "jpg", "jpeg", "jpe", "png", "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "avif",
    "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw",
    "mp4", "mov", "m4v", "3gp", "3g2", "avi", "mkv", "webm",
    "mp3", "m4a", "aac", "wav", "ogg", "oga", "opus", "amr", "silk", "slk",
})  # fmt: skip
RAW_ENDINGS = frozenset({"dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw"})

_BY_ENDING = {
    MessageKind.IMAGE: "jpg jpeg png gif webp bmp heic heif avif tif tiff apng svg",
    MessageKind.VIDEO: "mp4 mov m4v 3gp 3g2 avi mkv webm mpg mpeg qt",
    MessageKind.AUDIO: "mp3 m4a aac wav ogg oga opus flac amr caf",
    MessageKind.CONTACT: "vcf",
}
_KINDS = {ending: kind for kind, endings in _BY_ENDING.items() for ending in endings.split()}


def kind_by_name(name: str) -> MessageKind:
    """What a file of this name claims to be, for exports that say nothing else and may lack it."""
    return _KINDS.get(name.rpartition(".")[2].lower(), MessageKind.FILE)
