"""Understanding Chinese clinical text."""
