"""What `_xml_stream` finds in an XML file."""

import msgspec


class BrokenXml(ValueError):
    """The file cannot be read further than here; says why, and nothing of what is in it."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a value in base64 lies in the file, and how many bytes it makes: None if it is no
    base64, or empty."""

    at: int
    length: int
    size: int | None


class Element(msgspec.Struct, frozen=True):
    """A tag with its attributes; `closed` when nothing is inside. `raw` is its text without what is
    held."""

    name: str
    attributes: dict[str, str]
    places: dict[str, Place]
    raw: str
    closed: bool


class End(msgspec.Struct, frozen=True, gc=False):
    """The closing tag of an element."""

    name: str


class Text(msgspec.Struct, frozen=True, gc=False):
    """Text between two tags that is not only white space."""

    text: str


class Bad(msgspec.Struct, frozen=True, gc=False):
    """Something that cannot be read; `name` is that of the tag, where it has one."""

    reason: str
    raw: str
    name: str = ""


Part = Element | End | Text | Bad
