"""Clinical scores, one small file for each score or close family, found by ``base.plugins.discover``."""
