#!/usr/bin/env python3
"""Rebuild, or check, the read models of a store: see --help."""

from flexes_projections.command_line import run
from flexes_projections.rebuild_command import main

if __name__ == "__main__":
    run(main, "rebuild_projections.py")
