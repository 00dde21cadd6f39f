"""Coverage-guided fuzzing: `python -m fuzz TARGET [--seconds N]`, for what reads bytes that anybody may have written.

One module for each room, with `SEEDS` and `one_input(data)`, which says what must hold of any input and raises where it
does not; `corpus/TARGET/` holds inputs that together reach what the fuzzer has reached, and the tests run them. Nothing
here is deployed. Atheris runs the search (`requirements.txt`, which `make fuzz` installs); the targets do without it.
"""

TARGETS = ("inbound", "sse", "jsontext", "policy", "tokens", "seals", "evidence", "masking")
