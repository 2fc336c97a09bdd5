"""tantivy, through its Python package. It has no times of words and cannot count facets by episode exactly: it gives the starts of
the best passages, and counts passages."""

from __future__ import annotations

from pathlib import Path

import tantivy

from . import passages

FACETS = ("episode", "show", "year", "language", "speaker")


class Tantivy:
    """A tantivy index of passages in a folder."""

    def __init__(self, folder: Path) -> None:
        """Makes an empty index."""
        self._folder = folder / "tantivy"
        self._folder.mkdir()
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=False, tokenizer_name="default", index_option="position")
        for name in FACETS:
            schema.add_text_field(name, stored=name == "episode", tokenizer_name="raw", index_option="basic", fast=True)
        schema.add_unsigned_field("start_ms", stored=True, fast=True)
        self._schema = schema.build()
        self._index = tantivy.Index(self._schema, path=str(self._folder))

    def build(self, path: Path) -> None:
        """Indexes a file of passages, with two threads."""
        writer = self._index.writer(heap_size=200_000_000, num_threads=2)
        for p in passages.read(path):
            document = tantivy.Document()
            document.add_text("text", p.text)
            for name, value in (("episode", str(p.episode)), ("show", p.show), ("year", str(p.year)), ("language", p.language)):
                document.add_text(name, value)
            for speaker in p.speakers:
                document.add_text("speaker", speaker)
            document.add_unsigned("start_ms", p.start_ms)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def bytes(self) -> dict[str, float]:
        """Bytes on disk."""
        return {"index": sum(f.stat().st_size for f in self._folder.iterdir())}

    def search(self, kind: str, text: str) -> tuple[int, int]:
        """Finds the 100 best passages and counts all by episode and facet. Returns how many episodes (as far as they were counted)
        and passages match."""
        searcher = self._index.searcher()
        query = self._query(kind, text)
        found = searcher.search(query, 100, count=True)
        for _, address in found.hits:
            searcher.doc(address)
        counts = searcher.aggregate(query, {f: {"terms": {"field": f, "size": 20_000 if f == "episode" else 50}} for f in FACETS})
        return len(counts["episode"]["buckets"]), found.count

    def _query(self, kind: str, text: str) -> tantivy.Query:
        words = text.split()
        if kind.startswith("phrase"):
            return tantivy.Query.phrase_query(self._schema, "text", words)
        if kind == "prefix":
            return tantivy.Query.regex_query(self._schema, "text", text + ".*")
        terms = [tantivy.Query.term_query(self._schema, "text", word) for word in words]
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, term) for term in terms]) if len(terms) > 1 else terms[0]


def version() -> str:
    """What is measured."""
    return str(tantivy.__version__).partition(",")[0]
