"""Judging retrieval: data sets with gold answers, metrics, and how sure a difference is. Plain Python and numpy."""
