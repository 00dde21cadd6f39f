"""Just-in-time access: asked for with a reason, approved by people or by rule, short, and ended by the clock.

Reading order: `grant` (what one is, and in which states it can be), `request` (what may be asked for), `register`
(every change of one), `ask` (what the policy offers to whom), `rights` (who may end and see one), `api` with
`holders` and `operators` (the doors for programs; the pages are in `gateway/pages`).
"""
