"""What managers and quality staff read."""
