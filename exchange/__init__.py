"""Messages in and out, to and from ``clinical``."""
