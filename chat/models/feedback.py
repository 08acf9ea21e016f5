"""What readers say of answers: whether they helped, and why not."""

from collections.abc import Iterable
from typing import Self
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.conversations import Message

COMMENT_CHARS = 2_000


class FeedbackReason(models.TextChoices):
    """Why an answer did or did not help; the first two are for good ones."""

    RIGHT = "right", _("Right and to the point")
    WELL_SOURCED = "well_sourced", _("Well supported by its sources")
    WRONG = "wrong", _("It is wrong")
    INCOMPLETE = "incomplete", _("Something is missing")
    UNSUPPORTED = "unsupported", _("Its sources do not say that")
    WRONG_SOURCES = "wrong_sources", _("It read the wrong documents")
    OUTDATED = "outdated", _("It is out of date")
    UNCLEAR = "unclear", _("It is hard to understand")


GOOD_REASONS = (FeedbackReason.RIGHT, FeedbackReason.WELL_SOURCED)


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """Reads of feedback."""

    def by(self, user: User) -> Self:
        """What one person said."""
        return self.filter(user=user)

    def of_answers(self, answers: Iterable[UUID]) -> "dict[UUID, Feedback]":
        """Of each of these answers, what was said; call it on the feedback of one person."""
        wanted = list(answers)
        return {row.answer_id: row for row in self.filter(answer__in=wanted)} if wanted else {}


class Feedback(models.Model):
    """What one person said of one answer, for the people who look after the assistant.

    ``reason`` is empty where none was chosen.
    """

    answer = models.ForeignKey(Message, models.CASCADE, related_name="feedback")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    is_good = models.BooleanField(_("helpful"))
    reason = models.CharField(_("reason"), max_length=20, choices=FeedbackReason, blank=True)
    comment = models.TextField(_("comment"), max_length=COMMENT_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ("-updated_at",)
        constraints = (models.UniqueConstraint(fields=("answer", "user"), name="feedback_once"),)

    def __str__(self) -> str:
        return f"{'+' if self.is_good else '-'} {self.reason}".strip()
