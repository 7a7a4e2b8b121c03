"""ChatVault keeps chat histories and photos encrypted on the owner's disk, and gives them back."""

__version__ = "0.1.0"
