"""`migrate`: makes a store's tables, or brings them up to date, before anything else needs them."""

from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.output import emit_json, say


def migrate(store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Make a store's tables, or bring them up to date; several may start at once.

    Every command that writes does the same when it opens a store; run this as the owner of a PostgreSQL schema whose
    users may not make tables.
    """
    from flexes.store.urls import open_store, redacted

    opened = open_store(store)
    applied = opened.migrated
    opened.close()
    if as_json:
        emit_json({"store": redacted(store), "applied": list(applied)})
    else:
        say(f"{redacted(store)}: " + (f"applied {', '.join(applied)}" if applied else "already up to date"))
