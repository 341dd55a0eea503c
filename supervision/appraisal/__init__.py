"""Appraisal (绩效考核): items, schemes, targets; scores that explain themselves; review, publication, appeals."""
