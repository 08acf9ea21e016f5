"""Celery tasks of the chat app. Answers are not among them: a stream waits on the network, not on a worker."""

from celery import shared_task

from chat.answering import interrupted


@shared_task(name="chat.mark_interrupted", ignore_result=True)
def mark_interrupted() -> None:
    """Find answers whose process died; beat calls this every few seconds."""
    interrupted.mark_interrupted()
