"""The policy: what the operator writes, as the gateway understands it.

Reading order: `document` (what a checked policy is), `parse` (from YAML text, with `nodes`, `servers`,
`approvals`, `grants` and `rules`), `condition` (CEL), `glob` and `uri` (patterns), `match` (the decision),
`eligibility` (who may ask for a grant), `source` (the file). `question`, `people` and `cases` ask it about
calls that nobody has made.
"""
