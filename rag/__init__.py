"""The retrieval and answering engine: plain Python, no Django, no database."""

import os

# Texts are computed each in a thread of its own. Were each of their matrix products to start threads too, those of all
# texts would wait for each other: half as many passages a second. Read by numpy when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
