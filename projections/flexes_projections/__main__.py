"""Keep projections up to date: `python -m flexes_projections --store URL`."""

from flexes_projections.command_line import run
from flexes_projections.follow_command import main

if __name__ == "__main__":
    run(main, "python -m flexes_projections")
