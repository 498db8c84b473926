"""Where log lines go, with the real structlog and the real standard library."""

import logging
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from flexes.shell import telemetry_logs
from flexes.shell.telemetry_line import Line
from flexes.shell.telemetry_logs import Logs

LINE = Line("info", "plan_requested", {"run_id": "r", "node_id": None, "directives": ["a\nb"]})


@pytest.fixture(autouse=True)
def nothing_configured() -> Iterator[None]:
    """Begin and end without a global configuration of structlog: `capture_logs` leaves one behind."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_silent_by_default(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Without configured logging nothing is wanted and nothing is printed, so that `--json` stays JSON."""
    logs, logger = Logs(), logging.getLogger("flexes")
    monkeypatch.setattr(logger, "propagate", False)  # pytest listens at the root, and at loggers cut off from it
    monkeypatch.setattr(logger, "handlers", [found for found in logger.handlers if type(found) is logging.NullHandler])
    assert not logs.is_wanted()
    logs.write(LINE)
    logger.warning("a warning of telemetry itself")
    assert capfd.readouterr() == ("", "")


def test_the_standard_logger(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """A record says everything on one line, has each field as an attribute, and its name as `event`."""
    with caplog.at_level(logging.INFO, "flexes"):
        Logs().write(LINE)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("flexes", logging.INFO)
    assert record.getMessage() == r"plan_requested run_id='r' directives=['a\nb']"
    assert {name: vars(record)[name] for name in ("event", *LINE.fields)} == {"event": LINE.name, **LINE.fields}
    assert capfd.readouterr() == ("", "")


def test_standard_levels(caplog: pytest.LogCaptureFixture) -> None:
    """Lines below the level of the logger are left out."""
    with caplog.at_level(logging.WARNING, "flexes"):
        Logs().write(LINE)
        Logs().write(LINE._replace(level="warning"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_structlog_formatter(monkeypatch: pytest.MonkeyPatch) -> None:
    """structlog's own formatter shows name and fields of a record as those of its events."""
    handler = logging.StreamHandler(StringIO())
    render = structlog.processors.JSONRenderer(sort_keys=True)
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    add = structlog.stdlib.ExtraAdder()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[add], processors=[meta, render]))
    monkeypatch.setattr(logging.getLogger("flexes"), "handlers", [handler])
    Logs().write(LINE._replace(level="warning"))
    assert handler.stream.getvalue() == (
        r'{"directives": ["a\nb"], "event": "plan_requested", "node_id": null, "run_id": "r"}' "\n"
    )


def test_a_configured_structlog(caplog: pytest.LogCaptureFixture) -> None:
    """An application that configured structlog gets the lines there, and there alone."""
    with capture_logs() as captured, caplog.at_level(logging.DEBUG):
        assert Logs().is_wanted()
        Logs().write(LINE)
    assert captured == [{"event": "plan_requested", "log_level": "info", **LINE.fields}]
    assert not caplog.records


def test_a_given_logger() -> None:
    """A given logger takes every line, whatever is configured."""
    taken: list[dict[str, Any]] = []

    def take(_logger: Any, method: str, fields: Any) -> Any:
        taken.append({"level": method, **fields})
        raise structlog.DropEvent

    Logs(structlog.wrap_logger(None, processors=[take])).write(LINE)
    assert taken == [{"level": "info", "event": "plan_requested", **LINE.fields}]


def test_nothing_is_configured_globally(caplog: pytest.LogCaptureFixture) -> None:
    """Writing lines leaves structlog and the loggers of the application as they were."""
    before = structlog.get_config()
    levels = logging.getLogger("flexes").level, logging.getLogger().level
    Logs().write(LINE._replace(level="warning"))
    assert caplog.records
    assert not structlog.is_configured()
    assert structlog.get_config() == before
    assert (logging.getLogger("flexes").level, logging.getLogger().level) == levels


def test_without_structlog(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where structlog is not installed there are no lines, and no complaint."""
    monkeypatch.setitem(sys.modules, "structlog", None)
    telemetry_logs._standard.cache_clear()
    try:
        assert not Logs().is_wanted()
        Logs().write(LINE)
    finally:
        telemetry_logs._standard.cache_clear()
    assert not caplog.records
