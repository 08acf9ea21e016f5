"""Every error the engine raises on purpose.

RagError
├── ParsingError        a file that cannot be read
├── EmbeddingError      a text that cannot be embedded
├── RerankingError      candidates that could not be put into order
├── GenerationError     a model that did not answer
├── OutboundError       an address that may not be called, or did not reply
└── DatasetError        a data set that cannot be used to measure
"""


def marked(text: str) -> str:
    """The text itself, marked for translation. Import it as ``_``.

    The engine knows no reader and speaks English; whoever shows its sentences, or the parts that one is put together
    from, finds them in the catalogue again by their words. Blanks are ``%(name)s``.
    """
    return text


class RagError(Exception):
    """Root of the package's errors.

    ``code`` is stable and machine-readable; ``message`` is a sentence for a person that says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ParsingError(RagError):
    """A file could not be turned into text."""


class EmbeddingError(RagError):
    """A text could not be turned into a vector."""


class RerankingError(RagError):
    """A reranker gave no scores; the order of the candidates stays as it was."""


class GenerationError(RagError):
    """A model did not answer, or stopped before the end; ``retryable`` says whether asking again may help."""

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(code, message)
        self.args = (code, message, retryable)
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_generation_error, (self.code, self.message, self.retryable))


class OutboundError(RagError):
    """An outbound request was refused by the guard or failed on the way."""


class DatasetError(RagError):
    """A data set is missing, or not in the layout that is read."""


def _generation_error(code: str, message: str, retryable: bool) -> GenerationError:
    """Rebuild the error when it crosses a process border: keyword-only arguments do not survive pickling."""
    return GenerationError(code, message, retryable=retryable)
