"""Bytes by SHA-256 digest."""
