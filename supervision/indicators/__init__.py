"""Indicators by theme, one module each, ending with ``INDICATORS``."""
