"""What reaches a terminal or a pipe is data, never an instruction."""

import pytest
from immutables import Map

from flexes.cli.output import dumps, emit_table, one_line, printable


def test_control_characters_are_shown() -> None:
    """Text from a run cannot steer the terminal."""
    assert printable("\x1b[31mred\x07\n") == "\\x1b[31mred\\x07\\n"
    assert printable("größer ✓") == "größer ✓"


def test_a_long_text_is_cut() -> None:
    """A cell is one line of bounded length."""
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 200, 10) == "x" * 9 + "…"


def test_tables_are_not_cut_where_no_terminal_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe nothing is wrapped, coloured or taken for markup."""
    emit_table(("a", "b"), [("[red]x[/red]", "y" * 300), (None, 0)])
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "y" * 300 in out
    assert "\x1b" not in out


def test_json_holds_whatever_a_state_holds() -> None:
    """Persistent maps and tuples are JSON; text is not escaped."""
    assert dumps({"a": Map({"b": (1, "ü")})}) == '{"a":{"b":[1,"ü"]}}'
