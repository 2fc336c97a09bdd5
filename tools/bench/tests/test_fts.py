"""Tests of the benchmark's own reckoning: search.py --self-test runs them inside its environment."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from fts import engines, fts5, measure, passages, sections, tantivy_index
from fts.measure import Asked, Measured

LINES = (
    "0\t0\t100\tShow 1\t2020\ten\tAnna|Ben\tthe budget is small, we said. On call",
    "0\t1\t60000\tShow 1\t2020\ten\tAnna\trotations are hard",
    "2\t0\t0\tShow 2\t2021\ten\tAnna\ta small budget, a budget",
)


class Peers(unittest.TestCase):
    """The peers find what there is to find, so that their times are those of right answers."""

    def each(self, kind: str, text: str) -> set[tuple[int, int]]:
        """Episodes and passages that each peer finds."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "lines").write_text("\n".join(LINES) + "\n", encoding="utf-8")
            peers = [fts5.Fts5(folder), tantivy_index.Tantivy(folder)]
            for peer in peers:
                peer.build(folder / "lines")
                self.assertGreater(sum(peer.bytes().values()), 0)
            return {peer.search(kind, text) for peer in peers}

    def test_words_phrases_and_prefixes(self) -> None:
        self.assertEqual(self.each("common", "budget"), {(2, 2)})
        self.assertEqual(self.each("and", "budget small"), {(2, 2)})
        self.assertEqual(self.each("phrase", "small we said"), {(1, 1)})
        self.assertEqual(self.each("prefix", "rota"), {(1, 1)})
        self.assertEqual(self.each("rare", "absent"), {(0, 0)})

    def test_a_document_knows_its_episode(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "lines"
            path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
            read = list(passages.read(path))
        self.assertEqual([p.document >> passages.NUMBER_BITS for p in read], [0, 0, 2])
        self.assertEqual(read[0].speakers, ["Anna", "Ben"])

    def test_a_child_that_dies_is_an_error_and_not_a_wait(self) -> None:
        with engines.Engine("broken", ["false"]) as e, self.assertRaises(measure.BenchError):
            e.ask(op="build")


class Tables(unittest.TestCase):
    """What is written down."""

    def test_ratios_are_of_medians(self) -> None:
        q = Asked("common", "budget", 0, 0, ms={"earshot": [1, 2, 9], "fts5": [4, 4, 4]})
        row = next(line for line in sections.latency([Measured(1, 1, 1, [q])]) if line.startswith("| common"))
        self.assertEqual(row, "| common | 2.00 / 9.00 | 4.00 / 4.00 | – | 0.50 / 2.25 | – / – |")

    def test_queries_that_find_nothing_are_told(self) -> None:
        a = Asked("phrase", "a b c", 3, 3, found={"fts5": {"episodes": 0}})
        b = Asked("phrase", "b c d", 2, 2, found={"fts5": {"episodes": 2}})
        row = next(line for line in sections.phrases([Measured(1, 1, 1, [a, b])]) if line.startswith("| phrase |"))
        self.assertEqual(row, "| phrase | 2 | 5 | – | 2 (1 find nothing) | – | – |")


if __name__ == "__main__":
    unittest.main()
