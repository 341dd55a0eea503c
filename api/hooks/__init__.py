"""One CDS hook per file; each ends with ``HOOK``."""
