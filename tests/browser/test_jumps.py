"""Going to a message in a long conversation in a real browser: one arrives exactly there."""

from typing import Any

import pytest

from chat.models import Message
from tests.browser.conftest import Open
from tests.browser.test_reading import add_many, conversation_of
from tests.chat.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
AT_REST = """(id) => new Promise((done) => {
    const element = document.querySelector("[data-pointed]");
    if (!element) return done(null);
    let top = null, same = 0;
    const look = () => {
        const now = element.getBoundingClientRect().top;
        same = now === top ? same + 1 : 0;
        top = now;
        same > 20 ? done(top) : requestAnimationFrame(look);
    };
    look();
})"""


def top_of_pointed(page: Any, words: str) -> float:
    """Where the message that was gone to stands when nothing moves any more."""
    page.wait_for_selector(f"[data-pointed]:has-text('{words}')")
    return float(page.evaluate(AT_REST))


def go_to(page: Any, message: Message) -> None:
    """As a result of the search leads there."""
    page.evaluate(
        """(id) => {
            document.querySelectorAll("[data-pointed]").forEach((one) => one.removeAttribute("data-pointed"));
            location.hash = `message-${id}`;
        }""",
        str(message.pk),
    )


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_far_message_is_arrived_at_exactly(library: Cast, open_page: Open, motion: str) -> None:
    conversation = conversation_of(library)
    # What is not laid out is guessed to be 18 rem high: these are from one line to several screens.
    texts = [
        f"Answer {number}. **Thirty days** are paid.\n\n" + "- More words about leave, and more.\n" * (number * 7 % 60)
        for number in range(100)
    ]
    add_many(conversation, library, texts, "are paid")
    messages = list(conversation.messages.all())
    assert len(messages) == 200
    page = open_page(library.mia, "/accounts/password/change/")
    page.emulate_media(reduced_motion=motion)
    wanted = 64  # `scroll-padding-block-start`: below the line of the head
    page.goto(f"/c/{conversation.pk}/#message-{messages[61].pk}")
    assert abs(top_of_pointed(page, "Answer 30.") - wanted) < 2
    for number in (150, 3, 121, 122):
        go_to(page, messages[number])
        words = f"Answer {number // 2}." if number % 2 else "And?"
        assert abs(top_of_pointed(page, words) - wanted) < 2, number
    # Who scrolls meanwhile is left alone.
    go_to(page, messages[11])
    page.wait_for_selector("[data-pointed]")
    page.mouse.move(500, 400)
    page.mouse.wheel(0, 700)
    page.wait_for_function("() => document.querySelector('[data-pointed]').getBoundingClientRect().top < -300")
    assert float(page.evaluate(AT_REST)) < -300
