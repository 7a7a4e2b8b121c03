"""The items of a large JSON array, one at a time (stub of the interface, see docs)."""
