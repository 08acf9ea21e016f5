"""Wires the packages into one application; no other package imports this one."""

import rag as rag  # before anything that imports numpy
