"""Every error the documents app raises on purpose: one root, a stable code, a sentence, an HTTP status."""

from django.utils.translation import gettext_lazy as _


class DocumentsError(Exception):
    """Root of the app's errors; ``status`` is the HTTP status an edge answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status


def document_not_found() -> DocumentsError:
    """No such document, or none this person may know of: both read the same."""
    return DocumentsError("not_found", str(_("There is no such document. It may have been deleted.")), 404)


def source_not_found() -> DocumentsError:
    """No such data source, or none this person may know of: both read the same."""
    return DocumentsError("source_not_found", str(_("There is no such data source. Choose another one.")), 404)


def permission_denied() -> DocumentsError:
    """The person may see the thing but not change it."""
    return DocumentsError("permission_denied", str(_("You may not change this. Ask its owner or an admin.")), 403)


def unknown_reranker() -> DocumentsError:
    """A search names a reranker that is not there, or not any more."""
    return DocumentsError("unknown_reranker", str(_("There is no such reranker. Choose another one.")), 422)


def same_file() -> str:
    """What is said when a document is given the file that it has: no error, and nothing to do."""
    return str(_("This is the file that the document has already. Nothing was changed."))


def same_as_another(filename: str) -> DocumentsError:
    """The same bytes are one document among those of a data source that the same people see."""
    message = _("%(name)s is this very file already, in the same data source. Delete one of the two documents.")
    return DocumentsError("same_as_another", str(message) % {"name": filename}, 409)


def upload_too_large(limit_mb: int) -> DocumentsError:
    """The file is larger than ``limit_mb`` megabytes."""
    message = _("The file is larger than %(limit)s MB. Split it, or ask an admin to raise the limit.")
    return DocumentsError("too_large", str(message) % {"limit": limit_mb}, 413)
