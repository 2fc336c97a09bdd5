"""Tests of the benchmark's own reckoning: transcription.py --self-test runs them inside its environment."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from asr import names, report, scoring, words
from asr.engines import Engine, Word


class Scoring(unittest.TestCase):
    """What counts as an error, and what does not."""

    def assert_equal_words(self, a: str, b: str, language: str = "en") -> None:
        """Both texts are the same to the score."""
        self.assertEqual(scoring.units(a, language), scoring.units(b, language))

    def test_numbers_are_equal_however_they_are_written(self) -> None:
        self.assert_equal_words("dial one two three four", "Dial 1-2-3-4.")
        self.assert_equal_words("dial one two three four", "dial 1234")
        self.assert_equal_words("dial one two three four", "dial 1, 2, 3, 4")
        self.assert_equal_words("ninety nine", "99")
        self.assert_equal_words("dial five hundred", "dial 500")
        self.assert_equal_words("quatre-vingt-dix-neuf personnes", "99 personnes", "fr")

    def test_capitals_punctuation_and_addresses_do_not_count(self) -> None:
        self.assert_equal_words("ILL DISPOSED", "ill-disposed!")
        self.assert_equal_words("Visit datadog.com/podcast now.", "visit datadog dot com slash podcast now")

    def test_each_kind_of_error_is_counted(self) -> None:
        score = scoring.compare("a fox ran over the old bridge", "a dog ran over old bridge today", "en")
        self.assertEqual((score.units, score.substitutions, score.deletions, score.insertions), (7, 1, 1, 1))
        self.assertAlmostEqual(score.rate, 3 / 7)

    def test_nothing_heard_is_all_deleted_and_text_in_silence_all_inserted(self) -> None:
        self.assertEqual(scoring.compare("one fox", "", "en"), scoring.Score(2, 0, 2, 0))
        self.assertEqual(scoring.compare("", "thank you", "en"), scoring.Score(0, 0, 0, 2))

    def test_japanese_counts_characters(self) -> None:
        self.assertEqual(scoring.compare("成立する。", "整立する", "ja"), scoring.Score(4, 1, 0, 0))

    def test_repeats_count_only_what_the_speaker_did_not_repeat(self) -> None:
        self.assertEqual(scoring.extra_repeats("so it goes", "so it goes so it goes so it goes", "en"), 6)
        self.assertEqual(scoring.extra_repeats("no no no", "no no no", "en"), 0)
        sentence = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
        self.assertEqual(scoring.extra_repeats(sentence, " ".join([sentence] * 3), "en"), 2 * len(sentence.split()))


class WordStarts(unittest.TestCase):
    """Which words are compared, and by how much they are off."""

    def test_only_words_heard_right_with_a_known_start_count(self) -> None:
        said = [Word("Hello,", 1.0, 1.2), Word("old", float("nan"), 0), Word("world", 2.0, 2.2)]
        heard = [Word("hello", 1.1, 1.3), Word("old", 1.5, 1.6), Word("word", 2.0, 2.1)]
        errors = words._errors(said, heard, "en")
        self.assertEqual(list(errors), [0])
        self.assertAlmostEqual(errors[0], 100)

    def test_japanese_words_are_compared_where_both_begin(self) -> None:
        said = [Word("判断", 1.0, 1.5), Word("的", 1.5, 1.7)]
        heard = [Word("判", 1.05, 1.2), Word("断的", 1.2, 1.7)]
        self.assertEqual(list(words._errors(said, heard, "ja")), [0])


class Names(unittest.TestCase):
    """When a name is right."""

    def test_spelling_decides_capitals_and_points_do_not(self) -> None:
        case = names.Case(Path("x"), "Richard D. Bartlett and Enspiral, Enspiral", ("Richard D. Bartlett", "Enspiral"), "")
        tally = names.Tally()
        tally.add(case, "richard d bartlett, Enspirals, Enspiral")
        self.assertEqual((tally.said, tally.right, tally.invented), (3, 2, 0))


class Report(unittest.TestCase):
    """The document's sections."""

    def test_a_section_replaces_its_last_measurement_and_nothing_else(self) -> None:
        engines: list[Engine] = []
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder) / "benchmarks.md"
            document.write_text("# Mine\n\nkept\n", encoding="utf-8")
            for lines in (["first"], ["second"]):
                report.write("wer", lines, engines, document)
                report.write("time", ["other"], engines, document)
            text = document.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("# Mine\n\nkept\n"))
        self.assertNotIn("first", text)
        self.assertEqual((text.count("second"), text.count("other")), (1, 1))


if __name__ == "__main__":
    unittest.main()
