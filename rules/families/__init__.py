"""One rule family per file; each ends with ``FAMILY``."""
