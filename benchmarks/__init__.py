"""Measurements. ``make bench`` runs all of them and prints ratios within one run."""
