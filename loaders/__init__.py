"""One file per knowledge source, each a generator of rows; see ``knowledge.intake.Loader``."""
