"""Knowledge: concepts, statements, rules and sources; stored, reviewed, released."""
