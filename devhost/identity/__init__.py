"""The development identity provider: Entra's token endpoint, keys and tokens, for one tenant on this machine.

Reading order: `keys` (what signs), `issuer` (what a token says), `asked` (what a client may ask for),
`grants` (who gets a token, by which OAuth grant), `pages` (the sign-in page), `app` (the doors). It
believes everybody who reaches it, so it listens on loopback only, and nothing outside this machine
ever trusts its keys.
"""
