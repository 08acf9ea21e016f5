"""``make up``: everything Footnote needs on one machine, started, watched and stopped together."""
