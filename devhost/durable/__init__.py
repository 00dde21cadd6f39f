"""Durable Functions on this machine: the extension's half of the protocol that the Python SDK 1.x speaks."""
