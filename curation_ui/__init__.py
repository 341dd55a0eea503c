"""The web pages and the small module that serves them."""
