"""Evidence: the record format (`form`) and the hash chain (`chain`)."""
