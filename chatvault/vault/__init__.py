"""The encrypted folder: key ring, packs, journal and archive. Knows nothing about exports."""
