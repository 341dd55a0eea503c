"""Technical ground that knows no clinical words; import from its modules (base.security, base.plugins …)."""
