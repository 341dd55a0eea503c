"""One group of plain JSON endpoints per file."""
