"""The importers, and which of them an export is for."""

from chatvault.errors import SeveralImporters, UnknownExport, Where
from chatvault.importers import (
    chatlab,
    chatvault_json,
    discord_dce,
    discord_package,
    generic_csv,
    generic_jsonl,
    google_chat,
    google_hangouts,
    google_voice,
    imessage_chatdb,
    imessage_exporter,
    instagram,
    kakaotalk_text,
    line_text,
    linkedin,
    matrix_element,
    mattermost,
    messenger,
    messenger_e2ee,
    photo_folder,
    qq_mht,
    qq_qce,
    qq_text,
    signal_export,
    signal_plaintext,
    skype,
    slack,
    slackdump,
    sms_backup_restore,
    sms_ie,
    snapchat,
    telegram_desktop,
    telegram_html,
    threema,
    tiktok,
    vk,
    wechat_chatlog,
    wechat_dump_text,
    wechat_memotrace,
    wechat_pywxdump,
    wechat_wda,
    wechat_weclone,
    wechat_weflow,
    wechat_weflow_html,
    wechat_weflow_text,
    wechat_wxe,
    whatsapp_exporter_json,
    whatsapp_text,
    x_dm,
    zulip,
)
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Source

IMPORTERS: tuple[Importer, ...] = (
    chatlab,
    chatvault_json,
    discord_dce,
    discord_package,
    generic_csv,
    generic_jsonl,
    google_chat,
    google_hangouts,
    google_voice,
    imessage_chatdb,
    imessage_exporter,
    instagram,
    kakaotalk_text,
    line_text,
    linkedin,
    matrix_element,
    mattermost,
    messenger,
    messenger_e2ee,
    photo_folder,
    qq_mht,
    qq_qce,
    qq_text,
    signal_export,
    signal_plaintext,
    skype,
    slack,
    slackdump,
    sms_backup_restore,
    sms_ie,
    snapchat,
    telegram_desktop,
    telegram_html,
    threema,
    tiktok,
    vk,
    wechat_chatlog,
    wechat_dump_text,
    wechat_memotrace,
    wechat_pywxdump,
    wechat_wda,
    wechat_weclone,
    wechat_weflow,
    wechat_weflow_html,
    wechat_weflow_text,
    wechat_wxe,
    whatsapp_exporter_json,
    whatsapp_text,
    x_dm,
    zulip,
)

RANKS = ("specific", "text", "generic", "fallback")
# Asked only where nothing else is found, and no sign that exports lie side by side.
LAST_RESORTS = frozenset({"generic", "fallback"})


def claims(
    source: Source, importers: tuple[Importer, ...] = IMPORTERS
) -> list[tuple[Importer, tuple[str, ...]]]:
    """The importers of the lowest rank that recognise the export, each with its evidence."""
    for rank in RANKS:
        found = [
            (importer, evidence)
            for importer in importers
            if importer.INFO.rank == rank and (evidence := importer.recognise(source))
        ]
        if found:
            return found
    return []


def several(
    found: list[tuple[Importer, tuple[str, ...]]], where: Where | None = None
) -> SeveralImporters:
    """The question which of these importers is right, with the evidence of each."""
    keys = [importer.INFO.key for importer, _ in found]
    evidence = "; ".join(f"{importer.INFO.key}: {', '.join(why[:2])}" for importer, why in found)
    return SeveralImporters(
        f"{' and '.join(keys)} recognise this",
        where=where,
        remedy=f"choose one: {' or '.join(f'--platform {key}' for key in keys)}; or put each export"
        f" into a folder of its own. What they see: {evidence}",
    )


def importer_named(key: str, importers: tuple[Importer, ...] = IMPORTERS) -> Importer:
    """The importer with this key; UnknownExport if there is none."""
    for importer in importers:
        if importer.INFO.key == key:
            return importer
    known = ", ".join(sorted(importer.INFO.key for importer in importers))
    raise UnknownExport(f"there is no importer {key!r}", remedy=f"the importers are: {known}")
