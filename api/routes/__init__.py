"""Routes beside CDS Hooks: plain reviews, knowledge, operations."""
