#!/usr/bin/env python3
"""Query the audit log of a store by its indexes: see --help."""

from flexes_projections.audit_command import main
from flexes_projections.command_line import run

if __name__ == "__main__":
    run(main, "query_audit.py")
