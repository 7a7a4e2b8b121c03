"""Finding the exports in a file, a folder, an archive, or a shelf full of them."""

import gzip
from dataclasses import replace
from types import SimpleNamespace

import pytest

from archives import One, make_zip, tarred, zipped
from cases import CASES
from chatvault.errors import (
    AppDatabase,
    BadExport,
    EmptyExport,
    RefusedByLimit,
    SeveralImporters,
    UnknownExport,
)
from chatvault.importers._downloads import combine
from chatvault.importers._explore import find, find_parts
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._nothing import is_junk
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Attachment, Message, MessageKind

UNKNOWN = b"\0nothing that anybody reads"


def importer(key, name, rank="specific", needs=""):
    """Claims levels with a top file of this ending that begins with its key; lines are files."""

    def files(source):
        return [one for one in source.files() if one.endswith(name)]

    def recognise(source):
        if needs and not any(one.startswith(needs + "/") for one in source.entries):
            return ()
        return tuple(
            f"{one} is {key}" for one in files(source) if source.head(one).startswith(key.encode())
        )

    def read(source):
        for one in files(source):
            with source.open(one) as file:
                for number, line in enumerate(file.read().decode().split("\n")[1:]):
                    path = source.resolve(line)
                    yield Message(
                        id=None,
                        conversation_id="title:x",
                        sender_id=None,
                        sent_at=None,
                        seq=number,
                        kind=MessageKind.FILE,
                        text="",
                        attachments=(Attachment(name=line, path=path),),
                    )

    info = ImporterInfo(key=key, platform=key, title=key, expects=name, rank=rank)
    return SimpleNamespace(INFO=info, recognise=recognise, read=read)


def photos(source):
    pictures = [one for one in source.entries if one.endswith(".jpg")]
    return ("pictures",) if pictures and len(pictures) * 2 >= len(source.entries) else ()


RED = importer("red", ".json")
BLUE = importer("blue", ".txt", rank="text")
PHOTOS = SimpleNamespace(
    INFO=ImporterInfo(key="photos", platform="none", title="", expects="", rank="fallback"),
    recognise=photos,
    read=lambda source: iter(()),
)
ALL = (RED, BLUE, PHOTOS)


def found(files, importers=ALL, platform=None, name="given", limits=None):
    source = Source.of(files, name=name)
    return find(source, importers, Budget(limits or Limits()), platform=platform)


def summary(result):
    return [(one.path, one.importer.INFO.key, sorted(one.source.entries)) for one in result.exports]


def test_a_zip_is_opened_and_lends_its_name_without_the_suffix():
    result = found({"Chat with Bo.zip": zipped({"a.json": "red", "p/1.jpg": "x"})})
    assert [("Chat with Bo.zip", "red", ["a.json", "p/1.jpg"])] == summary(result)
    assert ["Chat with Bo"] == [one.source.name for one in result.exports]


def test_the_owners_answers_reach_the_export():
    told = Told(zone="Asia/Seoul", me="Ada")
    source = Source.of({"x.zip": zipped({"a.json": "red"})}, told=told)
    assert told == find(source, ALL, Budget()).exports[0].source.told


def test_a_wrapping_folder_is_gone_into_and_names_the_export():
    result = found(
        {"w/v/a.json": b"red", "w/v/b.jpg": b"x", "__MACOSX/w/._v": b"m", ".DS_Store": b"d"}
    )
    assert [("w/v", "red", ["a.json", "b.jpg"])] == summary(result)
    assert ("v", "") == (result.exports[0].source.name, result.exports[0].source.prefix)


def test_a_wrapper_that_belongs_to_the_format_is_not_lost():
    whole = importer("red", ".json", needs="chats")
    whole.recognise = lambda source: ("chats",) if "chats/one/a.json" in source.entries else ()
    result = found({"Takeout/chats/one/a.json": b"red"}, importers=(whole,))
    assert [("Takeout", "red", ["chats/one/a.json"])] == summary(result)


def test_archives_inside_an_export_are_attachments():
    inner = zipped({"b.txt": "blue"})
    result = found({"x.zip": zipped({"a.json": "red", "b.zip": inner})})
    assert [("x.zip", "red", ["a.json", "b.zip"])] == summary(result)


def test_the_lowest_rank_wins():
    files = {"x/a.json": b"red", "x/b.txt": b"blue"}
    assert [("x", "red", ["a.json", "b.txt"])] == summary(found(files))


def test_two_claims_within_a_rank_name_both_importers():
    also = importer("re", ".json")
    with pytest.raises(SeveralImporters, match="red and re recognise this"):
        found({"a.json": b"red"}, importers=(RED, also))


def test_a_named_platform_settles_two_claims():
    also = importer("re", ".json")
    result = found({"a.json": b"red"}, importers=(RED, also), platform="re")
    assert [("given", "re", ["a.json"])] == summary(result)


def test_a_named_platform_need_not_recognise_anything():
    result = found({"x.zip": zipped({"w/c.bin": UNKNOWN})}, platform="red")
    assert [("x.zip/w", "red", ["c.bin"])] == summary(result)


def test_exports_are_found_in_folders_and_archives_side_by_side():
    result = found(
        {
            "one.zip": zipped({"a.json": "red"}),
            "two/b.txt": b"blue",
            "two/c.jpg": b"x",
            "letter.doc": UNKNOWN,
            "more/deep/three.zip": zipped({"d.json": "red"}),
        }
    )
    assert [
        ("more/deep/three.zip", "red", ["d.json"]),
        ("one.zip", "red", ["a.json"]),
        ("two", "blue", ["b.txt", "c.jpg"]),
    ] == sorted(summary(result))
    assert ("letter.doc",) == result.rest


def test_a_shelf_never_swallows_what_lies_beside_an_export():
    result = found(
        {
            "a.txt": b"blue\n1.jpg\nsent.pdf",
            "1.jpg": b"mine",
            "sent.pdf": b"mine",
            "holiday.jpg": b"not mine",
            "tax.pdf": b"not mine",
            "other.zip": zipped({"b.json": "red"}),
        }
    )
    assert [
        ("a.txt", "blue", ["1.jpg", "a.txt", "sent.pdf"]),
        ("other.zip", "red", ["b.json"]),
    ] == sorted(summary(result))
    assert ("holiday.jpg", "tax.pdf") == result.rest


def test_an_archive_that_was_sent_in_a_chat_does_not_make_a_shelf():
    files = {"a.txt": b"blue\nsent.zip", "sent.zip": zipped({"b.json": "red"}), "x.jpg": b"x"}
    assert [("given", "blue", ["a.txt", "sent.zip", "x.jpg"])] == summary(found(files))


def test_a_formats_own_folders_do_not_make_a_shelf():
    both = importer("red", ".json")
    both.recognise = lambda source: (
        RED.recognise(source) or (("folders",) if "ada/a.json" in source.entries else ())
    )
    files = {"ada/a.json": b"red", "bo/b.json": b"red", "photo.jpg": b"x"}
    assert [("given", "red", sorted(files))] == summary(found(files, importers=(both,)))


def test_exports_of_two_importers_side_by_side_make_a_shelf():
    green = importer("green", ".json")
    files = {"a.json": b"red", "b.json": b"green\n1.jpg", "1.jpg": b"x", "2.jpg": b"y"}
    result = found(files, importers=(RED, green))
    assert [("a.json", "red", ["a.json"]), ("b.json", "green", ["1.jpg", "b.json"])] == summary(
        result
    )
    assert ("2.jpg",) == result.rest


def test_a_folder_that_no_export_claims_may_be_one_of_photos():
    pictures = {"p/1.jpg": b"x", "p/q/2.jpg": b"y"}
    assert [("p", "photos", ["1.jpg", "q/2.jpg"])] == summary(found(pictures))
    result = found({**pictures, "one.zip": zipped({"a.json": "red"})})
    assert [
        ("one.zip", "red", ["a.json"]),
        ("p", "photos", ["1.jpg", "q/2.jpg"]),
    ] == summary(result)
    assert () == result.rest


def test_photos_loose_between_exports_are_not_taken_for_a_photo_folder():
    result = found({"1.jpg": b"x", "2.jpg": b"y", "one.zip": zipped({"a.json": "red"})})
    assert [("one.zip", "red", ["a.json"])] == summary(result)
    assert ("1.jpg", "2.jpg") == result.rest


def deep(levels):
    data, name = b"red", "a.json"
    for _ in range(levels):
        data, name = zipped({name: data, "beside.bin": UNKNOWN}), "in.zip"
    return {"top.zip": data}


def test_archives_are_gone_into_to_depth_four():
    path = "top.zip/in.zip/in.zip/in.zip/in.zip"
    assert [(path, "red", ["a.json", "beside.bin"])] == summary(found(deep(5)))
    with pytest.raises(UnknownExport):
        found(deep(6))


def test_folders_and_archives_count_together():
    inner = zipped({"w/a.json": "red"})
    assert 1 == len(found({"1/2/x.zip": inner}).exports)
    with pytest.raises(UnknownExport):
        found({"1/2/3/x.zip": inner, "1/b.bin": UNKNOWN, "1/2/b.bin": UNKNOWN})


def test_one_bad_archive_does_not_hide_the_exports_beside_it():
    half = zipped({"c.json": "red" * 500})[:100]
    result = found({"a.zip": zipped({"a.json": "red"}), "half.zip": half})
    assert [("a.zip", "red", ["a.json"])] == summary(result)
    assert ["half.zip"] == [problem.file for problem in result.problems]
    assert result.rest[0].startswith("half.zip (it has no end: half a zip.")


def test_a_bad_archive_alone_is_the_error():
    with pytest.raises(RefusedByLimit, match="half a zip"):
        found({"half.zip": zipped({"c.json": "red" * 500})[:100], "x.bin": UNKNOWN})


def test_z07_a_nested_bomb_is_stopped_and_the_rest_kept_whole():
    data = bytes(1_000_000)
    for _ in range(6):
        data = zipped({f"{number}.zip": data for number in range(16)})
    with pytest.raises((UnknownExport, RefusedByLimit)):
        found({"bomb.zip": data})
    result = found({"bomb.zip": data, "good.zip": zipped({"a.json": "red"})})
    assert [("good.zip", "red", ["a.json"])] == summary(result)


def test_t06_a_file_of_zeros_holds_nothing():
    with pytest.raises(EmptyExport, match="nothing found"):
        found({"zeros.tar": bytes(10240)})


@pytest.mark.parametrize("files", [{}, {"a.txt": b""}, {".DS_Store": b"x"}, {"e.zip": zipped({})}])
def test_nothing_given_is_an_empty_export(files):
    with pytest.raises(EmptyExport):
        found(files)


@pytest.mark.parametrize(
    "text",
    [
        '[{"conversations": [{"role": "user", "content": "hi"}]}]',
        '[\n {"messages": [ {"role": "system", "content": "hi"}]}]',
        '{"messages": [{"role": "system", "content": "hi"}]}\n',
        '[{"instruction": "say hi", "input": "", "output": "hi"}]',
        '[{"system": "x", "instruction": "say hi", "input": "", "output": "hi", "history": []}]',
    ],
)
def test_a_training_set_is_refused_by_what_it_is(text):
    with pytest.raises(BadExport, match="train language models"):
        found({"x_train.json": text.encode()})


def test_an_unknown_export_points_to_what_can_be_read():
    with pytest.raises(UnknownExport) as caught:
        found({"a.bin": UNKNOWN})
    assert "chatvault platforms" in caught.value.remedy


def test_parts_that_are_exports_by_themselves_stay_apart():
    parts = [
        Source.of({"1.zip": zipped({"a.json": "red"})}),
        Source.of({"b.txt": b"blue"}, "b.txt"),
    ]
    result = find_parts(parts, ALL, Budget())
    assert [("1.zip", "red", ["a.json"]), ("b.txt", "blue", ["b.txt"])] == summary(result)


def test_parts_of_one_download_are_one_export():
    parts = [
        Source.of({"1.zip": zipped({"T/a.json": "red", "T/1.jpg": "x"})}, "1.zip"),
        Source.of({"2.zip": zipped({"T/2.jpg": "y", "T/1.jpg": "long"})}, "2.zip"),
    ]
    result = find_parts(parts, ALL, Budget())
    assert [("T", "red", ["1.jpg", "1~2.jpg", "2.jpg", "a.json"])] == summary(result)


def test_a_download_cut_into_archives_is_looked_through_as_if_it_were_whole():
    one = {"Takeout/chat/a.json": "red", "Takeout/mail/x.bin": "m", "Takeout/chat/1.jpg": "x"}
    two = {"Takeout/voice/b.txt": "blue", "Takeout/chat/2.jpg": "y"}
    three = {"Takeout/voice/3.jpg": "z"}
    parts = [
        Source.of({f"{n}.zip": zipped(part)}, f"{n}.zip")
        for n, part in enumerate([one, two, three])
    ]
    assert [
        ("Takeout/chat", "red", ["1.jpg", "2.jpg", "a.json"]),
        ("Takeout/voice", "blue", ["3.jpg", "b.txt"]),
    ] == summary(find_parts(parts, ALL, Budget()))


def test_two_downloads_of_one_name_stay_apart():
    parts = [
        Source.of({f"{n}.zip": zipped({"Takeout/a.json": f"red{'!' * n}"})}, f"{n}.zip")
        for n in range(2)
    ]
    assert [["a.json"], ["a.json"]] == [one[2] for one in summary(find_parts(parts, ALL, Budget()))]


def test_a_part_with_a_folder_around_it_meets_one_without():
    parts = [
        Source.of({"1.zip": zipped({"T/a.json": "red"})}, "1.zip"),
        Source.of({"2.jpg": b"y"}, "pictures"),
    ]
    assert [["2.jpg", "a.json"]] == [one[2] for one in summary(find_parts(parts, ALL, Budget()))]


def test_a_part_that_fits_nothing_is_told_and_the_others_are_imported():
    parts = [
        Source.of({"1.zip": zipped({"a.json": "red"})}, "1.zip"),
        Source.of({"2.txt": b"blue"}, "2.txt"),
        Source.of({"half.zip": zipped({"c.json": "red" * 500})[:90]}, "half.zip"),
    ]
    result = find_parts(parts, ALL, Budget())
    assert ["red", "blue"] == [one.importer.INFO.key for one in result.exports]
    assert ["half.zip"] == [problem.file for problem in result.problems]


def test_combining_keeps_one_of_equal_files_and_both_of_others():
    parts = [Source.of({"a": b"1", "b": b"22"}), Source.of({"a": b"2", "b": b"333"})]
    assert {"a": b"1", "b": b"22", "b~2": b"333"} == {
        name: entry.open().read() for name, entry in combine(parts).entries.items()
    }


def test_an_apps_own_database_is_explained():
    for files in ({"msgstore.db": b"SQLite format 3\0"}, {"x.zip": zipped({"MSG0.db": b"x"})}):
        with pytest.raises(AppDatabase, match="own database") as caught:
            found(files)
        assert caught.value.remedy


def test_app_databases_beside_an_export_are_only_listed():
    result = found(
        {
            "one.zip": zipped({"a.json": "red"}),
            "msgstore.db": b"SQLite format 3\0",
            "WeChat Files/a/MSG0.db": b"x",
            "b.bin": UNKNOWN,
        }
    )
    assert 1 == len(result.exports)
    assert ("WeChat Files/ (app database)", "b.bin", "msgstore.db (app database)") == tuple(
        sorted(result.rest)
    )


def test_an_encrypted_zip_is_said_to_be_one():
    data = make_zip(One(b"chat.txt", b"x", flags=1))
    with pytest.raises(BadExport, match="password protected") as caught:
        found({"chat.zip": data})
    assert "unpack it" in caught.value.remedy


def test_problems_of_an_archive_stay_with_its_export():
    inner = make_zip(One(b"a.json", b"red"), One(b"b", b"x", flags=1))
    result = found({"d/x.zip": inner, "d/y.zip": zipped({"a.json": "red"}), "z.bin": UNKNOWN})
    assert [["d/x.zip/b"], []] == [
        [problem.file for problem in one.source.problems] for one in result.exports
    ]
    assert () == result.problems


def test_problems_of_an_archive_that_is_no_export_are_told():
    inner = make_zip(One(b"deep/a.json", b"red"), One(b"b", b"x", flags=1), One(b"c", b"x"))
    result = found({"x.zip": inner, "z.bin": UNKNOWN})
    assert (["x.zip/b"], [()]) == (
        [problem.file for problem in result.problems],
        [one.source.problems for one in result.exports],
    )


def packed(files, form):
    if form == "zip":
        return {"export.zip": zipped(files)}
    if form == "tar":
        return {"export.tgz": gzip.compress(tarred(files))}
    if form == "zip-in-folder":
        return {"Downloads/zips/export.zip": zipped({f"w/{n}": d for n, d in files.items()})}
    return files if form == "folder" else {f"w/{name}": data for name, data in files.items()}


@pytest.mark.parametrize("form", ["folder", "wrapped", "zip", "zip-in-folder", "tar"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_is_found_whatever_it_is_packed_in(case, form):
    source = replace(case.source_of(packed(case.files, form)), name=case.source.name)
    result = find(source, IMPORTERS, Budget())
    assert [case.importer.INFO.key] == [one.importer.INFO.key for one in result.exports]
    # Archives tell times of modification, which these cases have not.
    undated = {
        name: replace(entry, modified_ms=None)
        for name, entry in result.exports[0].source.entries.items()
    }
    export = replace(result.exports[0].source, name=case.source.name, entries=undated)
    assert set(export.entries) <= set(case.files)
    lost = set(case.files) - set(export.entries)
    assert lost <= {name for name in case.files if is_junk(name)} | set(result.rest)
    if not lost:
        assert case.records() == list(case.importer.read(export))


def test_a_downloads_folder_gives_each_export_its_own():
    cases = {str(case): case for case in CASES}
    telegram, chatlab = cases["telegram_desktop/ordinary"], cases["chatlab/ordinary"]
    whatsapp, weflow = cases["whatsapp_text/ordinary"], cases["wechat_weflow/ordinary"]
    files = {
        "WhatsApp.zip": zipped(whatsapp.files),
        "tax.pdf": b"%PDF",
        "cat.jpg": b"\xff\xd8\xff",
        **{f"ChatExport_1/{name}": data for name, data in telegram.files.items()},
        **{f"old/weflow/{name}": data for name, data in weflow.files.items()},
        **chatlab.files,
    }
    result = found(files, importers=IMPORTERS, name="Downloads")
    assert ["chatlab", "telegram-desktop", "wechat-weflow", "whatsapp-text"] == sorted(
        {one.importer.INFO.key for one in result.exports}
    )
    taken = [name for one in result.exports for name in one.source.entries]
    assert set(whatsapp.files) | set(telegram.files) | set(weflow.files) <= set(taken)
    assert {"cat.jpg", "tax.pdf"} <= set(result.rest)
    assert {"cat.jpg", "tax.pdf"}.isdisjoint(taken)
