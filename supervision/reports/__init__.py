"""Reports that are made and told again and again, and what crosses its warning line."""
