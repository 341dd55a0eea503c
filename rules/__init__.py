"""Deciding: families, authored rules, derived states and policy over one case."""
