"""The verbs: parse the command line, call the engine, choose the exit code.

No logic lives here. A verb is one module; what is printed comes from ``report``.
"""


def main() -> None:
    """The command ``reconciler``."""
    from reconciler.cli.program import program

    program.main(prog_name="reconciler")
