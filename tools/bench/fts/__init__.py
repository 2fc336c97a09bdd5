"""The benchmark of search.

archive/ (a Go program) makes the archive, the queries and the truth about them up, and answers for Earshot; peer.py answers for
fts5.py and tantivy_index.py. Every engine is a child of its own that times itself (engines.py); measure.py asks them in turns;
sections.py writes down what came of it.
"""
