"""Changing the policy by more than one person: proposed with a reason, approved by others, then in force.

Reading order: `proposal` (what one is), `version` (what it becomes, signed), `versions` (where these lie), `register`
(every change of a proposal), `propose` (who may, and what people are shown), `api` (the doors), `tend` (what is due).
"""
