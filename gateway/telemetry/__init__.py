"""Traces and numbers for operators: how long each room took, and how often what came of it. No evidence.

`trace` is what the rooms see, and does nothing; `opened` puts OpenTelemetry behind it where a collector is
named. Nothing that a caller or an upstream wrote is in what leaves: names come from the policy, from the
protocol's own lists, and from the pinned catalogue.
"""
