"""Approvals by other people, for exactly one call. Pure first, then what touches a store, a person or the clock.

Reading order: `approval` (what one is, and in which states it can be), `seats` (who may decide, and when enough
have), `digest` (what exactly was approved), `evidence` (what goes on record of it), `book` (every change of one).
While one waits: `agenda` (what is due when), `notices` and `message` (who is told what), `notifiers` (how), `tend`
(does what is due), `orchestrator` (waits in between).
"""
