"""A conversation as a file: Markdown, PDF, and JSON that can be imported again.

What is hidden from its owner today is hidden in the file. Markdown and PDF hold the branch that is shown, JSON all of
them.
"""

from chat.exports.conversation import FORMS, Exported, export

__all__ = ["FORMS", "Exported", "export"]
