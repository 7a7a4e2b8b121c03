"""Readers of exports: bytes in, records out. Pure: no vault, no clock, no network, no state."""
