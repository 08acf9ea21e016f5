"""The retrieval and answering engine: plain Python, no Django, no database."""
