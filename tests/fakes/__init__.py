"""Doubles of what lies outside, with faults named by their outcome."""
