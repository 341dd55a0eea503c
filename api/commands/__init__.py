"""Commands of ``yigong``, one module each, ending with ``COMMANDS``."""
