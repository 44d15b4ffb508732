"""Between the catalogue and the ledger: what is frozen for an edition, and how it is thawed again."""
