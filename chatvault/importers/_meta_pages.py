"""Meta's downloads as pages (HTML), which is what one gets who chooses nothing.

your_facebook_activity/messages/inbox/omarfahd_10158000000000001/message_1.html
"""

import re
from collections.abc import Iterable

from chatvault.importers._meta_layout import BOXES

MESSAGE = "these are messages of Messenger or Instagram as pages (HTML), which are not read"
REMEDY = (
    "ask for the download again and choose the format JSON (Accounts Center, Your information and"
    " permissions); if the account is gone, --platform photo-folder keeps at least the pictures"
)
_BOX = "|".join(sorted(BOXES))
_PAGE = re.compile(
    rf"(?:(?:(?:your_\w*activity\w*/)?messages/)?(?:{_BOX})/)[^/]+/message_\d+\.html?", re.ASCII
)


def has_pages(names: Iterable[str]) -> bool:
    """Whether these are the files of a download as pages."""
    return any(_PAGE.fullmatch(name) for name in names if name.endswith((".html", ".htm")))
