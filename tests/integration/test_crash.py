"""Killed at any moment and resumed, a run ends as if nothing had happened (semantics 10)."""

import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.integration.crash_apps import APPS, NEVER, Death, Nursery, Story, When, completed, operations, story

MAX_DEATHS = 80


class Undisturbed(NamedTuple):
    """A run that nobody killed: its story, and the operations that it invoked."""

    story: Story
    invoked: list[str]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Return a process that forks children."""
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Undisturbed]:
    """Return what an app comes to when nobody kills it."""

    @cache
    def lived(app: str) -> Undisturbed:
        place = tmp_path_factory.mktemp("undisturbed")
        assert life(nursery, place, app) == 0
        return Undisturbed(story(place / "db"), operations(place / "invoked"))

    return lived


def life(nursery: Nursery, place: Path, app: str, death: Death = NEVER) -> int:
    """Let a process drive the app in this place; no completed node may run again. Return its exit code."""
    done, before = completed(place / "db"), operations(place / "invoked")
    nursery.begin(place / "db", app, place / "invoked", death)
    code = nursery.end()
    assert code in (0, -signal.SIGKILL), f"{app} with {death} ended with {code}"
    assert not done & set(operations(place / "invoked")[len(before) :]), "a completed node ran twice"
    return code


def check_same(app: str, place: Path, expected: Undisturbed) -> None:
    """The run in this place ended like the undisturbed one; parallel branches may come in another order."""
    found = story(place / "db")
    assert found.unordered == expected.story.unordered
    if app != "wide":
        assert found.events == expected.story.events
        assert found.frames == expected.story.frames
    assert set(operations(place / "invoked")) == set(expected.invoked)


@pytest.mark.parametrize("when", ["commit", "invocation"])
@pytest.mark.parametrize("app", APPS)
def test_killed_once_anywhere(
    nursery: Nursery, undisturbed: Callable[[str], Undisturbed], app: str, when: When, tmp_path: Path
) -> None:
    """After SIGKILL at any one commit, or inside any one invocation, the resumed run ends the same; no completed node
    runs twice (semantics 10).
    """
    for count in range(1, MAX_DEATHS):
        place = tmp_path / str(count)
        place.mkdir()
        died = life(nursery, place, app, Death(when, count)) != 0
        if died:
            assert life(nursery, place, app) == 0
        check_same(app, place, undisturbed(app))
        if not died:
            assert count > 3, "the app is so short that nothing was tested"
            return
    raise AssertionError(f"{app} never finished")


@pytest.mark.parametrize("app", APPS)
def test_killed_after_every_commit(
    nursery: Nursery, undisturbed: Callable[[str], Undisturbed], app: str, tmp_path: Path
) -> None:
    """A run whose every process dies after its first commit still ends the same (semantics 10)."""
    for _ in range(MAX_DEATHS):
        if life(nursery, tmp_path, app, Death("commit", 1)) == 0:
            check_same(app, tmp_path, undisturbed(app))
            return
    raise AssertionError(f"{app} never finished")


def test_the_apps_are_not_trivial(undisturbed: Callable[[str], Undisturbed]) -> None:
    """The five apps adapt: a rewrite, a fallback, a retry, a goto, a pause and two human decisions happen in them."""
    stories = {app: undisturbed(app).story for app in APPS}
    kinds = {app: [kind for kind, _ in stories[app].events] for app in APPS}
    assert all(found.status == "completed" for found in stories.values())
    assert "RewriteStarted" in kinds["rewrite"]
    assert kinds["rewrite"].count("PlanUpdated") >= 1
    assert kinds["retries"].count("NodesReset") == 2
    assert "TimerFired" in kinds["retries"]
    assert kinds["people"].count("HitlResolved") == 2
    assert "Paused" in kinds["people"]
