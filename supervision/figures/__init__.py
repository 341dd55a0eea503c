"""From facts to figures: what is counted, where it lies, how indicators are reckoned from it."""
