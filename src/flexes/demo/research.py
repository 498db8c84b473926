"""Listening to customers: which of the brief's themes do they speak of, and how often."""

from collections.abc import Sequence

from flexes.demo.documents import Brief, Insights
from flexes.demo.measures import phrases_in


def heard(voices: Sequence[str], brief: Brief) -> Insights:
    """Return how many of the voices speak of each theme, most first; a voice may speak of several."""
    counts = {
        benefit.theme: sum(bool(phrases_in(voice, benefit.listen_for)) for voice in voices)
        for benefit in brief.benefits
    }
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return Insights(interviews=len(voices), mentions=dict(ranked))
