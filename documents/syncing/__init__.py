"""Bringing a data source up to date: its changes listed, its items fetched, what is gone deleted, step by step.

A step takes a few seconds and leaves everything that the next one needs in the rows, so that a long sync starves
nobody and a killed worker costs one step.
"""

from documents.syncing.claims import due_runs, ticket_of
from documents.syncing.folders import sweep_folders
from documents.syncing.steps import step
from documents.syncing.watching import runs_of_changes

__all__ = ["due_runs", "runs_of_changes", "step", "sweep_folders", "ticket_of"]
