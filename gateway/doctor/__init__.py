"""The doctor: what is wrong with a deployment, each fault with what to do about it.

`examination` lists the checks and runs them; each theme has a file, and gives findings (`finding`). What a check
needs is on the `bench`. Nothing here prints a secret, and nothing is changed but for probes in places of their own,
which whoever reads the evidence passes over.
"""
