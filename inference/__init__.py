"""Inference over findings: diagnoses, scores, treatment."""
