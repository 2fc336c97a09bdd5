"""SQLite FTS5, from C, with what makes it fast here: the page cache is large, temporary tables are in memory, and documents are numbered
so that grouping by episode needs no join. It has no times of words: it gives the starts of passages."""

from __future__ import annotations

from pathlib import Path

import apsw

from . import passages
from .passages import NUMBER_BITS

SCHEMA = f"""
create table episode(id integer primary key, show text, year int, language text);
create table passage(id integer primary key, start_ms int);
create table speaker(id integer primary key, name text unique);
create table speaks(passage int, speaker int, primary key(passage, speaker)) without rowid;
create virtual table said using fts5(text, tokenize='unicode61 remove_diacritics 2');
create temp table hit(id integer primary key, score real);
create temp table found(id integer primary key, score real, passages int);
create temp view speaking as select distinct hit.id >> {NUMBER_BITS} as episode, speaker from hit join speaks on passage = hit.id;
"""
FACETS = (
    *(f"select {f}, count(*) from found join episode using (id) group by 1 order by 2 desc limit 50" for f in ("show", "year", "language")),
    "select name, count(*) from speaking join speaker on speaker.id = speaker group by speaker order by 2 desc limit 50",
)


class Fts5:
    """An FTS5 index of passages in a file."""

    def __init__(self, folder: Path) -> None:
        """Makes an empty index."""
        self._path = folder / "fts5.db"
        self._db = apsw.Connection(str(self._path))
        for setting in ("journal_mode=wal", "synchronous=normal", "cache_size=-262144", "temp_store=memory", "mmap_size=2147483648"):
            self._db.execute(f"pragma {setting}")
        self._db.execute(SCHEMA)

    def build(self, path: Path) -> None:
        """Indexes a file of passages in one transaction and merges the index into one segment."""
        speakers: dict[str, int] = {}
        with self._db:
            seen = -1
            for p in passages.read(path):
                if p.episode != seen:
                    seen = p.episode
                    self._db.execute("insert into episode values(?,?,?,?)", (p.episode, p.show, p.year, p.language))
                self._db.execute("insert into passage values(?,?)", (p.document, p.start_ms))
                self._db.execute("insert into said(rowid, text) values(?,?)", (p.document, p.text))
                for name in p.speakers:
                    if name not in speakers:
                        speakers[name] = len(speakers)
                        self._db.execute("insert into speaker values(?,?)", (speakers[name], name))
                    self._db.execute("insert into speaks values(?,?)", (p.document, speakers[name]))
        self._db.execute("insert into said(said) values('optimize')")
        self._db.execute("pragma wal_checkpoint(truncate)")

    def bytes(self) -> dict[str, float]:
        """Bytes on disk by part: the copy of the text that its snippets are made of, and the rest."""
        text = next(self._db.execute("select sum(pgsize) from dbstat where name = 'said_content'"))[0]
        return {"text": text, "index": self._path.stat().st_size - text}

    def search(self, kind: str, text: str) -> tuple[int, int]:
        """Finds the 20 best episodes with their five best passages each, and counts facets by episode. Returns how many episodes and
        passages match."""
        run = self._db.execute
        with self._db:
            run("delete from hit")
            run("delete from found")
            run("insert into hit select rowid, bm25(said) from said where said match ?", (expression(kind, text),))
            run(f"insert into found select id >> {NUMBER_BITS}, min(score), count(*) from hit group by 1")
            best = "select id, score, start_ms from hit join passage using (id) where id between ? and ? order by score limit 5"
            for (episode,) in run("select id from found order by score, id limit 20").fetchall():
                run(best, (episode << NUMBER_BITS, ((episode + 1) << NUMBER_BITS) - 1)).fetchall()
            for facet in FACETS:
                run(facet).fetchall()
            return next(run("select count(*), coalesce(sum(passages), 0) from found"))


def expression(kind: str, text: str) -> str:
    """The query in FTS5's language."""
    if kind.startswith("phrase"):
        return f'"{text}"'
    if kind == "prefix":
        return f'"{text}"*'
    return " ".join(f'"{word}"' for word in text.split())


def version() -> str:
    """What is measured."""
    return f"SQLite {apsw.sqlite_lib_version()}"
