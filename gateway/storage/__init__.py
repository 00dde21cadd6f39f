"""Stores: the contract first (`contract`), then one file for each store."""
