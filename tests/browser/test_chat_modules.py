"""The chat page's pure modules, in a browser: state, marks in Markdown, notes in the margin, differences."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.browser

MESSAGE = """
const message = (id, more) => ({id, role: "assistant", text: "", status: "running", error: null, citations: [],
  passages: [], in_reply_to: "q", assistant: null, created_at: "", seq: 0, stats: null, ...more});
const snapshot = (messages, seq) => ({type: "conversation.snapshot", seq, conversation_id: "c",
  conversation: {id: "c", title: "T", assistant: null}, messages});
const start = {...store.emptyState(), conversation: {id: "c", title: "", assistant: null}};
const play = (state, events) => events.reduce(store.reduce, state);
const event = (type, seq, more) => ({type, seq, conversation_id: "c", ...more});
"""


@pytest.fixture(scope="module")
def module_page(browser: Any, server_process: Server) -> Iterator[Any]:
    """A page of the application; what its modules give does not depend on which."""
    page = browser.new_page(base_url=server_process.url)
    page.goto("/accounts/login/")
    yield page
    page.close()


def run(page: Any, module: str, body: str) -> Any:
    """The value of ``body``, in which the chat module of this name stands under its name."""
    return page.evaluate(
        f"""async () => {{
          const main = document.querySelector("script[type=module][src*='js/main.js']").src;
          const {module} = await import(new URL("chat/{module}.js", main).href);
          {body}
        }}"""
    )


def test_events_after_a_snapshot_give_the_same_state_as_a_later_snapshot(module_page: Any):
    same = run(
        module_page,
        "store",
        MESSAGE
        + """
        const citation = {number: 1, start: 0, end: 5};
        const done = message("a", {text: "Häse 🐇.", status: "complete", citations: [citation], seq: 9});
        const events = [
          event("answer.delta", 6, {message_id: "a", offset: 0, text: "Häse "}),
          event("answer.delta", 7, {message_id: "a", offset: 5, text: "🐇."}),
          event("answer.citation", 8, {message_id: "a", citation}),
          event("answer.completed", 9, {message: done}),
        ];
        const grown = play(store.reduce(start, snapshot([message("a", {seq: 5})], 5)), events);
        const fresh = store.reduce(start, snapshot([done], 9));
        const twice = play(grown, events);
        const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
        return [same(grown, fresh), same(twice, grown)];
        """,
    )
    assert same == [True, True]


def test_missing_text_is_noticed_and_not_papered_over(module_page: Any):
    found = run(
        module_page,
        "store",
        MESSAGE
        + """
        const begun = store.reduce(start, snapshot([message("a", {seq: 5})], 5));
        const after = store.reduce(begun, event("answer.delta", 8, {message_id: "a", offset: 12, text: "later"}));
        return [after.gap, after.seq, after.messages[0].text];
        """,
    )
    assert found == [True, 5, ""]


def test_a_retried_answer_takes_the_place_of_the_one_that_failed(module_page: Any):
    ids = run(
        module_page,
        "store",
        MESSAGE
        + """
        const begun = store.reduce(start, snapshot([message("a", {status: "failed", seq: 5})], 5));
        const created = {message: message("b"), request_id: null, replaces: "a"};
        const after = store.reduce(begun, event("message.created", 6, created));
        return after.messages.map((one) => one.id);
        """,
    )
    assert ids == ["b"]


def test_the_branch_that_is_shown_ends_at_its_leaf_and_each_message_knows_its_siblings(module_page: Any):
    shown = run(
        module_page,
        "store",
        MESSAGE
        + """
        const ask = (id, parent) => message(id, {role: "user", in_reply_to: parent, status: "complete"});
        const reply = (id, parent) => message(id, {in_reply_to: parent, status: "complete"});
        const all = [ask("q1", null), reply("a1", "q1"), ask("q2", "a1"), reply("a2", "q2"), ask("q3", "a1")];
        const begun = store.reduce(start, snapshot([...all, reply("a3", "q3")], 5));
        const words = (state) => store.shownBranch(state).map((one) => [one.message.id, one.siblings.join()]);
        const other = store.reduce(begun, event("conversation.branch", 6, {leaf: "a2"}));
        const again = store.reduce(other, event("message.created", 7, {message: reply("b2", "q2"), replaces: null}));
        return [words(begun), words(other), words(again)];
        """,
    )
    first = [["q1", "q1"], ["a1", "a1"]]
    assert shown == [
        [*first, ["q3", "q2,q3"], ["a3", "a3"]],
        [*first, ["q2", "q2,q3"], ["a2", "a2"]],
        [*first, ["q2", "q2,q3"], ["b2", "a2,b2"]],
    ]


def test_a_refused_question_goes_back_to_its_writer(module_page: Any):
    found = run(
        module_page,
        "store",
        MESSAGE
        + """
        const asked = store.withPending(start, "r1", "Why?");
        const error = {type: "error", seq: 0, conversation_id: null, code: "x", message: "No.", request_id: "r1"};
        const after = store.reduce(asked, error);
        return [after.pending, after.refusal.question, after.refusal.message];
        """,
    )
    assert found == [None, "Why?", "No."]


@pytest.mark.parametrize(
    "late", ['event("message.created", 9, {request_id: "r1", message: why})', "snapshot([why], 9)"]
)
def test_a_question_that_arrives_after_it_was_given_up_is_known_as_the_one_in_the_box(module_page: Any, late: str):
    found = run(
        module_page,
        "store",
        MESSAGE
        + f"""
        const why = message("q9", {{role: "user", text: "Why?", in_reply_to: null, status: "complete"}});
        const given = store.withoutPending(store.withPending(start, "r1", "Why? "));
        const other = event("message.created", 8, {{request_id: "r2", message: {{...why, id: "q8"}}}});
        const between = store.reduce(given, other);
        const after = store.reduce(between, {late});
        return [store.settledQuestion(given, between), store.settledQuestion(between, after), after.messages.at(-1).id];
        """,
    )
    assert found == [None, "Why? ", "q9"]


@pytest.mark.parametrize(
    ("text", "cited", "expected"),
    [
        ("One. Two.", "Two.", "One. <s>Two.<e>"),
        ("🐇🐇 hop. End.", "End.", "🐇🐇 hop. <s>End.<e>"),
        ("A **bold.** B", "A **bold.**", "<s>A **bold.**<e> B"),
        ("- One.\n- Two.\n", "- Two.\n", "- One.\n- <s>Two.<e>\n"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "| 1 | 2 |", "| a | b |\n| --- | --- |\n|<s> 1 | 2<e> |"),
        ("```\ncode\n```", "```\ncode\n```", "```\n<s>code<e>\n```"),
        (
            "See [the page](https://x.example/a) now.",
            "See [the page](https://x",
            "<s>See [the page](https://x.example/a)<e> now.",
        ),
    ],
)
def test_marks_never_break_the_markdown_around_them(module_page: Any, text: str, cited: str, expected: str):
    start = text.index(cited)
    body = f"""
      const marked = marks.markCitations({text!r}, [{{start: {start}, end: {start + len(cited)}}}]);
      return marked.replace(/\\uFE47s0\\uFE48/, "<s>").replace(/\\uFE47e0\\uFE48/, "<e>");
    """
    assert run(module_page, "marks", body) == expected


@pytest.mark.parametrize(
    ("growing", "shown"),
    [
        ("A sentence | with ", "A sentence | with "),
        ("Hours:\n\n| day | ", "Hours:\n\n"),
        ("Hours:\n\n| day | hours |\n| --- ", "Hours:\n\n"),
        ("| a | b |\n| --- | --- |\n| 1 | ", "| a | b |\n| --- | --- |\n"),
        ("So $$\\frac{a}{b} ", "So "),
        ("It costs $5 and ", "It costs $5 and "),
        ("With $x + y ", "With "),
        ("See [the page](https://exam ", "See "),
        ("All **of it ", "All **of it** "),
        ("Call `run( ", "Call `run(` "),
        ("```py\nx = '| a ", "```py\nx = '| a "),
    ],
)
def test_growing_text_shows_nothing_that_will_turn_into_something_else(module_page: Any, growing: str, shown: str):
    assert run(module_page, "growing", f"return growing.settled({growing!r});") == shown


def test_growing_text_ends_with_a_whole_word(module_page: Any):
    shown = run(module_page, "marks", "return [marks.wholeWords('The hotel co'), marks.wholeWords('x'.repeat(40))];")
    assert shown == ["The hotel ", "x" * 40]


def test_notes_never_touch_and_stay_near_their_sentences(module_page: Any):
    tops = run(module_page, "stacking", "return stacking.stackNotes([100, 110, 120, 600], [80, 80, 80, 80], 10);")
    assert all(lower - upper >= 90 for upper, lower in pairwise(tops))
    assert tops == [20, 110, 200, 600]
    assert run(module_page, "stacking", "return stacking.stackNotes([0, 5], [50, 50], 10)[0];") == 0
    assert run(module_page, "stacking", "return stacking.stackNotes([0, 5], [50, 50], 10, -20)[0];") == -20


def test_the_change_between_two_prompts_is_told_by_words(module_page: Any):
    pieces = run(module_page, "diff", "return diff.diffWords('Be brief and kind.', 'Be exact and kind.');")
    assert pieces == [["same", "Be "], ["gone", "brief"], ["new", "exact"], ["same", " and kind."]]


def test_waits_between_reconnects_double_up_to_a_bound(module_page: Any):
    waits = run(module_page, "socket", "return [0, 1, 2, 20].map((n) => socket.backoff(n, () => 1));")
    assert waits == [400, 800, 1600, 15000]
    assert run(module_page, "socket", "return socket.backoff(0, () => 0);") == 200


def test_a_server_that_lets_in_and_cannot_serve_is_asked_less_and_less_often(module_page: Any):
    waits = run(
        module_page,
        "socket",
        """
        const waits = [];
        let now = 0;
        performance.now = () => now;
        Math.random = () => 1;
        window.setTimeout = (act) => queueMicrotask(act);
        window.WebSocket = class extends EventTarget {
          constructor() {
            super();
            queueMicrotask(() => {
              this.dispatchEvent(new Event("open"));
              now += waits.length === 4 ? 20000 : 3000;
              this.dispatchEvent(new CloseEvent("close", { code: 1013 }));
            });
          }
        };
        const live = new socket.LiveSocket("/ws/chat/");
        await new Promise((done) => {
          live.addEventListener("lost", ({ detail }) => {
            if (waits.push(detail.retryInMs) === 6) {
              live.close();
              done();
            }
          });
          live.connect();
        });
        return waits;
        """,
    )
    assert waits == [400, 800, 1600, 3200, 400, 800]


STATES = """
  const prose = document.createElement("div");
  const aside = document.createElement("div");
  document.body.append(prose, aside);
  const text = "Thirty days are paid. Some expire. Nobody knows why. Good.";
  const spans = [[0, 21], [22, 34], [35, 52], [53, 58]];
  const states = ["supported", "partly", "unsupported", "no_claim"];
  const sentences = spans.map(([start, end], index) => ({start, end, state: states[index]}));
  const from = {filename: "leave.txt", title: "", quote: "", page: null};
  const cite = (number, [start, end]) => ({number, start, end, ...from});
  const citations = [cite(1, spans[0]), cite(2, spans[1])];
  const notesModule = await import(new URL("chat/notes.js", main).href);
  await markdown.loadMarkdown();
  const {SentenceStates, makeLegend} = await import(new URL("chat/sentences.js", main).href);
  const chip = (one) => Object.assign(document.createElement("b"), {textContent: one.number});
  const body = new markdown.AnswerBody(prose, chip);
  const notes = new Map(citations.map((one) => [one.number, notesModule.makeNote(one)]));
  aside.append(...notes.values());
  const drawn = new SentenceStates(body, aside);
  body.update(text, citations, false, sentences);
  drawn.draw({citations, sentences}, notes);
  const lined = (name) => [...(CSS.highlights.get(name) ?? [])].map(String);
  const words = [...aside.querySelectorAll(".note__state")].map((one) => one.textContent);
  const found = [lined("partly"), lined("unsupported"), words, makeLegend(sentences).innerText, prose.textContent];
  drawn.clear();
  return [...found, lined("partly").length];
"""


def test_the_states_of_sentences_are_underlined_said_and_counted(module_page: Any):
    partly, unsupported, words, legend, heard, left = run(module_page, "markdown", STATES)
    assert (partly, unsupported, left) == (["Some expire.2"], ["Nobody knows why."], 0)
    assert words == ["partly supported", "not supported"]
    assert legend.split("\n")[0].startswith("4 sentences:")
    assert [part in legend for part in ("1 supported", "1 partly", "1 not supported", "1 without a claim")] == [
        True
    ] * 4
    assert "Nobody knows why. (not supported)" in heard


def test_screen_readers_get_whole_sentences(module_page: Any):
    found = run(module_page, "announcer", "return announcer.finishedSentences('One. Two is not d', 0);")
    assert found == ["One.", 4]


def test_an_answer_that_goes_on_and_what_is_said_of_it_are_as_in_a_later_snapshot(module_page: Any):
    same = run(
        module_page,
        "store",
        MESSAGE
        + """
        const said = {is_good: true, reason: "", comment: ""};
        const first = {number: 1, start: 0, end: 4};
        const second = {number: 2, start: 5, end: 9};
        const stopped = message("a", {text: "Häse", status: "stopped", citations: [first], seq: 9, feedback: null});
        const begun = store.reduce(start, snapshot([stopped], 10));
        const more = [
          event("answer.resumed", 11, {message_id: "a"}),
          event("answer.delta", 12, {message_id: "a", offset: 4, text: " und"}),
          event("answer.citation", 13, {message_id: "a", citation: second}),
        ];
        // In the middle, a page that comes new gets the row as it was when it began to go on, and the events after it.
        const running = message("a", {...stopped, status: "running", seq: 11});
        const joined = play(store.reduce(start, snapshot([running], 11)), more);
        const whole = {...stopped, text: "Häse und", status: "complete", citations: [first, second], seq: 13};
        const told = event("answer.feedback", 15, {message_id: "a", feedback: said});
        const done = [event("answer.completed", 14, {message: whole}), told];
        const grown = play(play(begun, more), done);
        const fresh = store.reduce(start, snapshot([{...whole, feedback: said}], 15));
        const text = (state) => JSON.stringify(state.messages.map(({seq, ...rest}) => rest));
        const same = (one, other) => text(one) === text(other);
        return [same(play(begun, more), joined), same(grown, fresh), same(play(joined, done), fresh)];
        """,
    )
    assert same == [True, True, True]


def test_an_answer_is_copied_with_a_footnote_where_each_citation_ends(module_page: Any):
    copied = run(
        module_page,
        "copying",
        """
        const said = {title: "T", page: null, quote: "Q.\\n q"};
        const citation = (number, start, end, more) => ({number, start, end, ...said, ...more});
        const text = "Häse **and** so.\\n\\n| a |\\n| --- |\\n| b |\\n";
        const citations = [citation(1, 0, 16), citation(2, 0, 16, {page: 3, quote: ""}), citation(1, 34, 39)];
        return copying.withFootnotes({text, citations});
        """,
    )
    assert copied == ("Häse **and** so.[^1][^2]\n\n| a |\n| --- |\n| b[^1] |\n\n[^1]: T: “Q. q”\n[^2]: T, Page 3")


def test_a_text_is_read_in_its_language_sentence_by_sentence_without_the_chips(module_page: Any):
    found = run(
        module_page,
        "spoken",
        """
        const root = document.createElement("div");
        const chip = "<a class='chip' data-chip='0'>1</a>";
        root.innerHTML = `<p>It is <b>30 days</b>.${chip} And more.</p><ul><li>One</li></ul>`;
        const texts = ["Der Urlaub wird nicht auf das nächste Jahr übertragen.", "الإجازة ثلاثون يوما",
          "Les jours de congé sont dans le contrat", "Employees must ask for it.", "X 1 2"];
        const sentences = spoken.sentencesOf(root, "en").map(({text, range}) => [text, range.toString()]);
        return [sentences, texts.map((text) => spoken.languageOf(text, "sv"))];
        """,
    )
    assert found == [
        [["It is 30 days.", "It is 30 days."], ["And more.", "And more."], ["One", "One"]],
        ["de", "ar", "fr", "en", "sv"],
    ]


def test_the_path_to_a_passage_names_the_document_once(module_page: Any):
    found = run(
        module_page,
        "places",
        """
        const known = {source: "Library", filename: "a.md"};
        const place = (title, heading, page) => places.pathWords({...known, title, heading, page});
        return [place("Leave", "Leave > Rules > Notice", 3), place("Leave", "Leave"), place("", "Rules > Notice"),
          place("Leave", undefined, 2)];
        """,
    )
    assert found == [
        "Library › Leave › Rules › Notice, Page 3",
        "Library › Leave",
        "Library › a.md › Rules › Notice",
        "Library › Leave › Page 2",
    ]
