"""Celery tasks of the chat app. Answers are not among them: a stream waits on the network, not on a worker."""

from celery import shared_task

from chat.answering import abandoned, interrupted


@shared_task(name="chat.mark_interrupted", ignore_result=True)
def mark_interrupted() -> None:
    """Find answers whose process died; beat calls this every few seconds."""
    interrupted.mark_interrupted()


@shared_task(name="chat.sweep_files", ignore_result=True, expires=3600)
def sweep_files() -> None:
    """Delete the files of chats that never began; beat calls this every hour."""
    abandoned.sweep_files()
