"""The local stack: everything Azure gives the gateway, as small doubles on this machine; never deployed.

Words: the *worker* is Microsoft's library that runs the functions; the *front* is the HTTP server
before it; the *host* is one process with both; a *part* is one process of the stack; the *stack* is
all of them; the *supervisor* is what `make run` starts. Reading order: `ports`, `protos`, `worker`,
`routes`, `timers`, `front`, `host`; then `leash`, `children`, `azurite`, `parts`, `stack`, `supervisor`.
"""
