"""PostgreSQL's COPY, and its binary form for rows of numbers: as text they took longer to write and read than to store.

A head, rows of fields with their lengths, an end. The packers give the binary form of a field.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import Copy

from rag.lexical.postings import DIMENSIONS

_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)
_VECTOR_HEAD, _ARRAY_HEAD, _SPARSE_HEAD = struct.Struct("!hh"), struct.Struct("!iiIii"), struct.Struct("!iii")
_INTEGER_TYPE = 23

integer = _LENGTH.pack
bigint = struct.Struct("!q").pack
double = struct.Struct("!d").pack


@contextmanager
def copying(statement: str) -> Iterator[Copy]:
    """Run a COPY that takes rows. Django leaves its errors as psycopg's; here they become Django's own.

    So a database that goes away meanwhile is told from a fault of the document.
    """
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        yield copy


def copy_rows(statement: str, rows: Iterable[Sequence[bytes | None]]) -> None:
    """Run ``statement`` (``COPY ... FROM STDIN (FORMAT binary)``) with these rows of packed fields, None for NULL."""
    with copying(statement) as copy:
        copy.write(_HEAD)
        for row in rows:
            copy.write(len(row).to_bytes(2, "big") + b"".join(map(_field, row)))
        copy.write(_END)


def halfvec(vector: NDArray[Any]) -> bytes:
    """A ``halfvec``: its dimensions, two unused bytes, and its numbers."""
    return _VECTOR_HEAD.pack(len(vector), 0) + vector.astype(">f2").tobytes()


def integers(numbers: NDArray[np.int32]) -> bytes:
    """An ``integer[]``: its head, then each number after its length."""
    if not len(numbers):
        return struct.pack("!iiI", 0, 0, _INTEGER_TYPE)
    pairs = np.empty((len(numbers), 2), ">i4")
    pairs[:, 0], pairs[:, 1] = 4, numbers
    return _ARRAY_HEAD.pack(1, 0, _INTEGER_TYPE, len(numbers), 1) + pairs.tobytes()


def sparsevec(ids: NDArray[np.int32], weights: NDArray[np.float32]) -> bytes:
    """A ``sparsevec`` of terms, whose ids count from 1: dimensions, how many, unused, the places from 0, the values."""
    head = _SPARSE_HEAD.pack(DIMENSIONS, len(ids), 0)
    return head + (ids - 1).astype(">i4").tobytes() + weights.astype(">f4").tobytes()


def _field(packed: bytes | None) -> bytes:
    return _NULL if packed is None else _LENGTH.pack(len(packed)) + packed
