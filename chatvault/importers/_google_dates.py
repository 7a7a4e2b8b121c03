"""Dates that Google writes in words, always in UTC: `Friday, March 1, 2024 at 7:05:09 PM UTC`.

The words are those of the account's language. The shape is the same everywhere: a year of four
digits, a day, the name of a month (or its number before 月 or 월), and a clock. A language that is
not in the table gives no time, never a wrong one.
"""

import re
import unicodedata
from datetime import datetime

from msgspec.structs import replace

from chatvault.importers._clock import (
    EVENING,
    MORNING,
    fold_half,
    hour_24,
    iso_time,
    wall_time,
)
from chatvault.importers._fields import Malformed
from chatvault.model import Timestamp

# In the order of the year; `_` stands for nothing, `|` between two spellings.
_MONTHS = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep|sept oct nov dec",
    "januar|jänner februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre"
    " diciembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada"
    " grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar mars|marts april mai|maj juni juli august september oktober november desember"
    "|december",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta"
    " syyskuuta lokakuuta marraskuuta joulukuuta",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie"
    " decembrie",
    "január február március április május június július augusztus szeptember október november"
    " december",
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου"
    " νοεμβρίου δεκεμβρίου",
    "januari februari maret april mei juni juli agustus september oktober november desember",
)
_ZONES = frozenset({"utc", "gmt"})
_AFTER = frozenset({"uhr", "h", "uur"})
# Words that stand before the clock. Only these: elsewhere a word there belongs to the date.
_EASTERN = (
    "上午",
    "下午",
    "凌晨",
    "早上",
    "清晨",
    "中午",
    "傍晚",
    "晚上",
    "午前",
    "午後",
    "오전",
    "오후",
    "am",
    "pm",
)
_CLOCK = re.compile(
    r"(\d{1,2})\s*(?:[:.]|[時时點点시])\s*(\d{1,2})\s*(?:[:.]|[分분])\s*(\d{1,2})(?!\d)"
)
_EAST = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_WORD = re.compile(r"[^\W\d_](?:\.\s?[^\W\d_])+(?![^\W\d_])|[^\W\d_]+")
_HALF_AFTER = re.compile(r"[\s秒초]*(" + _WORD.pattern + ")")
_HALF_BEFORE = re.compile(r"(" + _WORD.pattern + r")[\s.]*\Z")


def _table() -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _MONTHS:
        for number, names in enumerate(line.split(), 1):
            for name in names.split("|"):
                assert found.setdefault(name, number) == number, name  # noqa: S101
    return found


_MONTH = _table()
MONTH_NAMES = tuple(form for name in _MONTH for form in (name, name.capitalize()))


def utc_time(text: str) -> Timestamp | None:
    """The moment of a date in words; None when it is in words that are not known."""
    if len(text) > 200:
        return None
    if text[:4].isdigit() and text.endswith("Z"):
        return _iso(text)
    words = _WORD.findall(_plain(text))
    wall = clock_in_words(text)
    if wall is None or not _ZONES.intersection(words):
        return None
    try:
        return _utc(wall_time(wall, "UTC"))
    except Malformed:
        return None


def clock_in_words(text: str) -> datetime | None:
    """What a clock shows in such a date, whatever its zone; None when it is not known."""
    if len(text) > 200:
        return None
    plain = _plain(text)
    clock = _CLOCK.search(plain)
    if not clock:
        return None
    before, after = plain[: clock.start()], plain[clock.end() :]
    words = _WORD.findall(f"{before} \n {after}")
    numbers = _numbers(f"{before} \n {after}", words)
    hour, minute, second = (int(number) for number in clock.groups())
    of_day = _hour(hour, before, after)
    if numbers is None or of_day is None:
        return None
    try:
        return datetime(*numbers, of_day, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("\u0307", "")


def _iso(text: str) -> Timestamp | None:
    try:
        return _utc(iso_time(text, "UTC"))
    except Malformed:
        return None


def _utc(found: Timestamp) -> Timestamp:
    # That the clock is UTC says nothing about where anybody was.
    return replace(found, basis="offset", offset_minutes=None)


def _hour(hour: int, before: str, after: str) -> int | None:
    """The hour of the day; None where a word beside the clock may be a half of it that we do not
    know."""
    following, preceding = _HALF_AFTER.match(after), _HALF_BEFORE.search(before)
    word = following[1] if following else ""
    if fold_half(word) in MORNING | EVENING:
        return hour_24(hour, word)
    for half in _EASTERN:
        if preceding and preceding[1].endswith(half):
            return hour_24(hour, half)
    if hour <= 12 and word and word not in _ZONES | _AFTER:
        return None
    return hour


def _numbers(date: str, words: list[str]) -> tuple[int, int, int] | None:
    """Year, month and day."""
    if east := _EAST.search(date):
        year, month, day = (int(number) for number in east.groups())
        return year, month, day
    months = {_MONTH[word] for word in words if word in _MONTH}
    year_found = _YEAR.findall(date)
    days = _DAY.findall(date)
    if len(months) != 1 or len(year_found) != 1 or len(days) != 1:
        return None
    return int(year_found[0]), months.pop(), int(days[0])
