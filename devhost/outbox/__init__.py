"""The development outbox: where a Teams workflow and Azure Communication Services Email would be.

Reading order: `messages` (what is kept), `teams` and `email` (what each service accepts), `page` (what a
person sees), `app` (the doors). Nothing that comes in leaves this machine.
"""
