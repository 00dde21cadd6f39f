"""Measurements of the gateway, run by hand; never deployed and never part of the tests."""
