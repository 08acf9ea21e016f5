"""Measuring how well questions are answered from documents, by the code that answers them."""
