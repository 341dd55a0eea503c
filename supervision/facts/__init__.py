"""Tables of facts that indicators count, one module for each part of the work, ending with ``FACTS``."""
