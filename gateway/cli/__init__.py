"""The command line for operators: `python -m gateway COMMAND`.

Each command takes its arguments and returns what to print and the exit code (`printed`), so that it can
be asked without a terminal; `gateway/__main__.py` alone writes.
"""
