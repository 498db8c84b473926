"""Measures of English text: words, sentences, syllables, and the Flesch reading ease made of them."""

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|\d+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_VOWELS: Final = re.compile(r"[aeiouy]+")
_SILENT_END: Final = re.compile(r"(?:[^laeiouy]e|[aeiouy]le|[^tdaeiouy]ed|[^sxzaeiouy]es)$")
_SOUNDED_END: Final = re.compile(r"(?:[sxzcg]|ch|sh)es$")


def words(text: str) -> tuple[str, ...]:
    """Return the words in order; a hyphenated word and a number are one."""
    return tuple(_WORD.findall(text))


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences in order, each with its closing mark."""
    return tuple(found for found in _SENTENCE_END.split(text.strip()) if found)


def syllables(word: str) -> int:
    """Return the syllables of an English word by its vowel groups; at least one, a silent ending left out."""
    letters = word.lower()
    if "-" in letters:
        return sum(syllables(part) for part in letters.split("-"))
    count = len(_VOWELS.findall(letters))
    if _SILENT_END.search(letters) and not _SOUNDED_END.search(letters):
        count -= 1
    return max(count, 1)


def reading_ease(text: str) -> float:
    """Return the Flesch reading ease to one decimal: 60 to 70 is plain English, below 30 is hard; 0 for no text."""
    found, parts = words(text), sentences(text)
    if not found:
        return 0.0
    per_sentence = len(found) / len(parts)
    per_word = sum(syllables(word) for word in found) / len(found)
    return round(206.835 - 1.015 * per_sentence - 84.6 * per_word, 1)


def longest_sentence(text: str) -> int:
    """Return the words of the longest sentence; 0 for no text."""
    return max((len(words(sentence)) for sentence in sentences(text)), default=0)


def phrases_in(text: str, phrases: Iterable[str]) -> tuple[str, ...]:
    """Return the phrases that the text contains, whatever their case."""
    folded = text.casefold()
    return tuple(phrase for phrase in phrases if phrase.casefold() in folded)
