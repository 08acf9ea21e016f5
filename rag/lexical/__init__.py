"""Keyword search: which terms a chunk holds and which a question asks for, in every language, and what they weigh.

``language_of`` is asked once for each document, ``chunk_terms`` for each chunk, ``question_terms`` for each question;
``bm25`` has the weights and an exact index in memory. None of them raises for any text.
"""

from rag.lexical.languages import language_of
from rag.lexical.terms import chunk_terms, question_terms, term_id

__all__ = ["chunk_terms", "language_of", "question_terms", "term_id"]
