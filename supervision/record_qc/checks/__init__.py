"""What is checked: one file a subject, each ending in ``CHECKS``. See docs/record-qc.md."""
