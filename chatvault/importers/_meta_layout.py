"""Where the messages are in Meta's downloads, and of which app they are.

    your_facebook_activity/messages/inbox/omarfahd_10158000000000001/message_1.json
    your_activity_across_facebook/messages/archived_threads/...        2024
    messages/inbox/omarfahd_rEQ2Lvo8mQ/message_1.json                  until about 2023
    messages/omarfahd_rEQ2Lvo8mQ/message.json                          2018, first with seconds
    your_instagram_activity/messages/inbox/omar.f_17840000000000001/message_1.json

`message_1.json` is the newest; each file holds about 10,000 messages, the newest first. Both apps
use one engine, so only what is around the messages tells whose they are.
"""

import re
from dataclasses import dataclass

from chatvault.importers._source import Source

HEAD = 64 * 1024
BOXES = frozenset({
    "inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover",
})  # fmt: skip
MESSENGER, INSTAGRAM = "messenger", "instagram"

_BOX = "|".join(sorted(BOXES))
_FILE = r"message(?:_\d{1,9})?"
_WHOLE = re.compile(
    rf"(?:your_\w*activity\w*/)?messages/(?:(?:{_BOX})/)?[^/]+/{_FILE}\.json", re.ASCII
)
_BOXED = re.compile(rf"(?:{_BOX})/[^/]+/{_FILE}\.json", re.ASCII)
_ONE_FOLDER = re.compile(rf"[^/]+/{_FILE}\.json", re.ASCII)
_BARE = re.compile(rf"{_FILE}\.json", re.ASCII)
# Of two different files of one name in several parts the second is called `message_1~2.json`.
_NUMBERED = re.compile(r"message(?:_(\d{1,9}))?(~\d+)?\.json", re.ASCII)
_GROUP_COPY = re.compile(r"(?:.*/)?your_group_messages/[^/]+\.json")
_NO_MESSAGES = re.compile(rb'"messages"\s*:\s*\[\s*\]')

_ROOTS = {
    "your_facebook_activity": MESSENGER,
    "your_activity_across_facebook": MESSENGER,
    "your_instagram_activity": INSTAGRAM,
}
# Folders beside the messages that only one of the apps has.
_BESIDE = {
    MESSENGER: frozenset({
        "about_you", "comments_and_reactions", "friends", "friends_and_followers",
        "likes_and_reactions", "marketplace", "pages", "posts", "profile_information",
    }),
    INSTAGRAM: frozenset({
        "account_information", "followers_and_following", "past_instagram_insights",
        "story_sticker_interactions",
    }),
}  # fmt: skip
_BELOW = {
    MESSENGER: (
        "personal_information/profile_information/", "messages/archived_threads/",
        "messages/filtered_threads/", "messages/e2ee_cutover/", "messages/stickers_used/",
        "messages/autofill_information.json",
    ),
    INSTAGRAM: (
        "personal_information/personal_information/", "connections/followers_and_following/",
    ),
}  # fmt: skip
_IN_MESSAGES = {
    MESSENGER: (b"your_facebook_activity/", b"your_activity_across_facebook/"),
    INSTAGRAM: (b"your_instagram_activity/",),
}
_NAMED = {MESSENGER: ("facebook-", "facebookuser_"), INSTAGRAM: ("instagram-", "instagramuser_")}


@dataclass(frozen=True)
class Folder:
    """The files of one conversation, the newest first; `name` is empty at the top."""

    name: str
    files: tuple[str, ...]

    @property
    def label(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


def folders(source: Source, app: str) -> list[Folder]:
    """The conversations of an app that are in an export, and copies of those of groups."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    copies: list[Folder] = []
    for name in source.names():
        path, _, last = name.rpartition("/")
        if _ROOTS.get(name.partition("/")[0], app) != app or not last.endswith(".json"):
            continue
        if numbered := _NUMBERED.fullmatch(last):
            files = found.setdefault((path, numbered[2] or ""), [])
            files.append((int(numbered[1] or 0), name))
        elif _GROUP_COPY.fullmatch(name):
            copies.append(Folder(path, (name,)))
    own = [
        Folder(path, tuple(name for _, name in sorted(files)))
        for (path, _), files in sorted(found.items())
    ]
    return own + copies


def candidates(source: Source) -> tuple[list[str], bool]:
    """The files that may hold messages, at the places where a download has them; and whether
    the folder `messages` is among them."""
    likely = sorted(
        name
        for name in source.entries
        if name.endswith(".json") and name.rpartition("/")[2].startswith("message")
    )
    if whole := [name for name in likely if _WHOLE.fullmatch(name)]:
        return whole, True
    inside = [name for name in likely if _BOXED.fullmatch(name)]
    if not inside and source.name in {*BOXES, "messages"}:
        inside = [name for name in likely if _ONE_FOLDER.fullmatch(name)]
    return inside or [name for name in likely if _BARE.fullmatch(name)], False


def evidence(source: Source, app: str) -> tuple[str, ...]:
    """What shows that an export holds messages of this app.

    Where a whole folder `messages` says nothing about the app, both apps may be right; a part of it
    may lie in folders that say more, so that it is left to whoever looks there.
    """
    names, whole = candidates(source)
    heads = {name: source.head(name, HEAD) for name in names[:3]}
    ours = [name for name, head in heads.items() if is_ours(head)]
    roots = {_ROOTS[name] for name in source.folders() if name in _ROOTS}
    if not ours or len(roots) > 1:  # each download has a folder of its own here
        return ()
    found = app_of(source, names, list(heads.values()))
    if found == app:
        return tuple(f"{name} has messages of {app.title()}" for name in ours)
    if found is None and whole:
        return tuple(f"{name} has messages of Messenger or Instagram" for name in ours)
    return ()


def undecided(source: Source) -> str | None:
    """The first file of a conversation of which nothing tells the app; None if there is none."""
    names, whole = candidates(source)
    ours = (name for name in names[:3] if is_ours(source.head(name, HEAD)))
    return None if whole else next(ours, None)


def is_ours(head: bytes) -> bool:
    """Whether a file that begins so is a conversation of this form."""
    if b'"participants"' not in head or b'"threadName"' in head or b'"senderName"' in head:
        return False
    if b'"sender_name"' in head and (b'"timestamp_ms"' in head or b'"timestamp"' in head):
        return True
    return bool(_NO_MESSAGES.search(head))


def app_of(source: Source, names: list[str], heads: list[bytes]) -> str | None:
    """Messenger or Instagram; None if nothing tells, or both seem right. The surest sign first."""
    tops = set(source.folders())
    labels = [name.rpartition("/")[0].rpartition("/")[2] for name in names]
    signs = (
        {app for root, app in _ROOTS.items() if root in tops or root == source.name},
        {app for app, words in _IN_MESSAGES.items() if any(w in h for h in heads for w in words)},
        {app for app, beside in _BESIDE.items() if beside & tops},
        {app for app, below in _BELOW.items() if _has(source, below)},
        {app for app, begin in _NAMED.items() if source.name.startswith(begin)},
        {app for app, begin in _NAMED.items() if any(one.startswith(begin) for one in labels)},
    )
    return next((next(iter(sign)) for sign in signs if len(sign) == 1), None)


def _has(source: Source, begin: tuple[str, ...]) -> bool:
    """Whether a file has one of these beginnings, here or as seen from the folder around."""
    around = f"{source.name}/"
    return any(
        name.startswith(begin) or (around + name).startswith(begin) for name in source.entries
    )
