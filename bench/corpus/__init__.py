"""A labelled corpus of tool results, made from a seed: what in a text is data to hide, and what only looks like it."""
