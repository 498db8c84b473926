"""The SQL of declared tables: each generation has its own tables, and readers use a view on those of the live one."""

from functools import cache

from flexes_projections.database import Dialect
from flexes_projections.table import Column, Table


def view_name(table: Table) -> str:
    """Return the name that readers use."""
    return f"flexes_{table.name}"


def table_name(table: Table, generation: int) -> str:
    """Return the name of the table that a generation writes."""
    return f"flexes_{table.name}_g{generation}"


def create_table(table: Table, name: str, dialect: Dialect) -> str:
    """Return the statement that makes the table, without its secondary indexes."""
    lines = [_column(column, column in table.key, dialect) for column in table.columns]
    lines.append(f"PRIMARY KEY ({_names(table.key)})")
    return f"CREATE TABLE {name} ({', '.join(lines)}){dialect.table_end}"


def create_indexes(table: Table, name: str) -> list[str]:
    """Return the statements that make the secondary indexes that are not there."""
    return [
        f"CREATE INDEX IF NOT EXISTS {name}_i{number} ON {name} ({', '.join(columns)})"
        for number, columns in enumerate(table.indexes, 1)
    ]


def show(table: Table, name: str) -> list[str]:
    """Return the statements that let readers see this table from the commit on."""
    view = view_name(table)
    return [f"DROP VIEW IF EXISTS {view}", f"CREATE VIEW {view} AS SELECT {', '.join(table.names)} FROM {name}"]


@cache
def insert(table: Table, name: str) -> str:
    """Return the statement that adds one row."""
    return f"INSERT INTO {name} ({', '.join(table.names)}) VALUES ({', '.join('?' * len(table.columns))})"


@cache
def replace(table: Table) -> str:
    """Return what follows an INSERT so that a row takes the place of the one with its key."""
    changes = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.columns[table.key_size :])
    return f" ON CONFLICT ({_names(table.key)}) DO UPDATE SET {changes}"


def in_key_order(table: Table, name: str) -> str:
    """Return the statement that reads all rows in the order of their keys."""
    return f"SELECT {', '.join(table.names)} FROM {name} ORDER BY {_names(table.key)}"


def _column(column: Column, in_key: bool, dialect: Dialect) -> str:
    return f"{column.name} {dialect.types[column.kind]}{' NOT NULL' if in_key else ''}"


def _names(columns: tuple[Column, ...]) -> str:
    return ", ".join(column.name for column in columns)
