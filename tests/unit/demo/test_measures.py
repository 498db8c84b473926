"""Measures of text, held against counts made by hand and against values published for well-known texts."""

import pytest

from flexes.demo.measures import longest_sentence, phrases_in, reading_ease, sentences, syllables, words


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("bike", 1), ("bikes", 1), ("table", 2), ("boxes", 2), ("wanted", 2), ("helped", 1),
        ("delivery", 4), ("subscription", 3), ("guaranteed", 3), ("last-mile", 2), ("30", 1), ("the", 1),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    """A word has as many syllables as vowel groups, silent endings left out, and at least one."""
    assert syllables(word) == count


def test_words_and_sentences() -> None:
    """A hyphenated word, a contraction and a number are one word; a sentence keeps its closing mark."""
    assert words("You're here: last-mile, 30 days!") == ("You're", "here", "last-mile", "30", "days")
    assert sentences("One. Two? Three") == ("One.", "Two?", "Three")
    assert longest_sentence("One two three. Four five.") == 3


def test_reading_ease_by_hand() -> None:
    """The Flesch formula on six words, one sentence and six syllables is 206.835 - 6.09 - 84.6."""
    assert reading_ease("The cat sat on the mat.") == 116.1


def test_harder_text_reads_harder() -> None:
    """Longer words and longer sentences both lower the reading ease; no text has none."""
    plain = "We mend the bike. You ride it home."
    assert reading_ease("We mend the bike and you ride it home.") < reading_ease(plain)
    assert reading_ease("Organisations leverage mobility. Operationalise deliveries.") < reading_ease(plain)
    assert reading_ease("") == 0.0


def test_phrases() -> None:
    """A phrase is found whatever its case, and only if all of it is there."""
    assert phrases_in("Results are GUARANTEED.", ["guaranteed", "zero emissions"]) == ("guaranteed",)
