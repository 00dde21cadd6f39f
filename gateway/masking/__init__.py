"""Masking, from the outside in.

`walk` goes over a message along the table of `places`; `data` over whatever stands where anything
may stand; `documents` opens JSON and base64 inside strings. `compiled` holds the rules of one
caller: `detectors` (`personal_data`, `credentials`), run by `search`, and `fields`. `hide` says what
is left of a value, `ledger` keeps what was hidden. The room itself is `gateway/mask.py`.
"""
