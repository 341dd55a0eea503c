"""The shared nouns of medicine as frozen values; import them from their own modules (clinical.quantity …)."""
