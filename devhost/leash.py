"""Becomes another command that dies with the process that started it, also when that one is killed.

`python leash.py PARENT SIGNAL COMMAND...` asks Linux for that signal at its parent's death and executes
the command. Elsewhere there is no such request: a supervisor that is killed outright there leaves its
children behind, while Ctrl-C, SIGTERM and a crash of a child still end them all.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept across execve


def main(arguments: list[str]) -> None:
    """The process is the command from here on. Ends at once when the parent is gone already."""
    parent, signal_number, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number))
        # It may have died before the request was made, and then no signal would ever come.
        if os.getppid() != int(parent):
            sys.exit("the parent is gone")
    try:
        os.execvp(command[0], command)
    except OSError as failure:
        sys.exit(f"{command[0]} cannot be run: {failure.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
