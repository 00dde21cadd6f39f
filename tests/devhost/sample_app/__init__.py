"""The function app that the tests of the local host serve."""
