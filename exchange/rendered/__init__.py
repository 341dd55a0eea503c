"""Documents written out from what is kept."""
