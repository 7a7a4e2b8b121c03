"""The importer of an export, as the registry finds it."""

from chatvault.importers._protocol import Importer
from chatvault.importers._source import Source
from chatvault.importers.registry import claims


def importer_for(source: Source) -> Importer:
    """The only importer that claims an export."""
    [(importer, _)] = claims(source)
    return importer
