"""Rows of hospital tables (CSV, xlsx, a database) as messages, in templates with Chinese headings."""
