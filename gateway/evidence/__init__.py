"""Evidence: written so that it can only be added to, sealed, and read by people who must be able to rely on it.

Reading order: `form` (one record), `chain` and `commit` (how records follow each other), `index` (what finds them),
`spill` (what the store did not take), `statement`, `growth` and `sealing` (seals), `verify`, `seal_walk` and `verdict`
(whether it is what was written), `reading` and `folder` (from where it is read), `replay` (a session as a timeline),
`export`, `oscal` and `controls` (what auditors take away).
"""
