"""Words of chunks and questions: what a chunk holds is found by every usual way to write it."""

import random
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.lexical import chunk_terms, question_terms, term_id
from rag.lexical.words import LONGEST_TERM

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "tr", "ru", "ar", "fa", "hi", "zh", "ja", "ko", "th", "pl", "fi", ""]


def terms(text, language="en"):
    return set(chunk_terms(text, language))


def asked(question, *languages):
    return {term for group in question_terms(question, languages) for term in group}


@pytest.mark.parametrize(
    ("language", "text", "held"),
    [
        ("en", "The companies' agreements were running", {"the", "compani", "agreement", "were", "run"}),
        ("en", "Café CAFÉ cafe", {"cafe"}),
        ("en", "ＦＵＬＬ width ﬁle", {"full", "width", "file"}),
        ("en", "co\u00adoperate", {"cooper"}),
        ("en", "Wi‑Fi", {"wifi", "wi", "fi"}),
        ("en", "don't we'll company's", {"dont", "don", "we", "compani"}),
        ("en", "O’Brien", {"obrien", "brien"}),
        ("en", "U.S.A.", {"usa"}),
        ("en", "INV-2023-001", {"inv2023001", "inv", "2023", "001"}),
        ("en", "C++ and C# and C", {"c++", "c#", "c", "and"}),
        ("en", "v2.1", {"v2.1", "v2", "1"}),
        ("en", "§ 5 §§ 7", {"§5", "5", "§7", "7"}),
        ("en", "foo_bar getHTMLText", {"foobar", "foo", "bar", "gethtmltext", "get", "html", "text"}),
        ("en", "iPhone", {"iphon"}),
        ("en", "john@mail.example.com", {"john@mail.example.com", "john", "mail.example.com", "mail", "exampl", "com"}),
        ("en", "1,250.50 and 1.250,50 and 1250.50", {"1250.50", "and"}),
        ("en", "10,000,000 10000000", {"10000000"}),
        ("en", "3,5 3.5", {"3.5"}),
        ("en", "2023-01-05 10:30", {"2023-01-05", "2023", "01", "05", "10:30", "10", "30"}),
        ("en", "5km 300mg 5th", {"5km", "5", "km", "300mg", "300", "mg", "5th"}),
        ("en", "m² Acme™ word¹", {"m", "2", "acm", "word", "1"}),
        ("en", "٣٤ ३४", {"34"}),
        ("de", "Straßen STRASSE schöne Häuser", {"strass", "schon", "haus"}),
        ("fr", "l'homme qu’il d'Angelo", {"homm", "il", "angelo"}),
        ("fr", "sécurité", {"secur", "securit"}),
        ("es", "información comió", {"inform", "com", "comi"}),
        ("tr", "İstanbul'da", {"istanbul", "da"}),
        ("ru", "хорошие новые ёлки Microsoft", {"хорош", "нов", "елк", "microsoft"}),
        ("ar", "مُحَمَّد أحمد محـــمد", {"محمد", "احمد"}),
        ("he", "שָׁלוֹם", {"שלום"}),
        ("fa", "کتاب‌ها كتابها", {"كتاب", "ها"}),
        ("hi", "भाषाओं", {"भाष"}),
        ("zh", "北京大学", {"北京", "京大", "大学", "北", "京", "大", "学"}),
        ("ja", "猫 ﾃﾞｰﾀ 第3版", {"猫", "デー", "ータ", "第", "3", "版"}),
        ("ko", "책을", {"책을", "책", "을"}),
        ("th", "ที่นี่", {"ที่นี่"}),
        ("ja", "Python servers", {"python", "server"}),
        ("hr", "running Häuser", {"running", "hauser"}),
        ("", "running Häuser", {"running", "hauser"}),
    ],
)
def test_a_text_gives_these_terms(language, text, held):
    assert terms(text, language) == held


@pytest.mark.parametrize(
    ("language", "written", "question"),
    [
        ("en", "e-mail", "email"), ("en", "email", "e-mails"), ("en", "COVID-19", "covid19"), ("en", "GPT4", "GPT-4"),
        ("en", "INV-2023-001", "inv 2023 001"), ("en", "www.example.com", "example.com"), ("en", "résumé", "resume"),
        ("en", "resume", "résumé"), ("en", "fooBar", "foo_bar"), ("en", "1,000 people", "1000"),
        ("en", "don’t", "dont"),
        ("pt", "informação", "informacao"), ("pt", "informacao", "informação"), ("it", "qualità", "qualita"),
        ("fr", "mangée", "mangé"), ("fr", "homme", "l'homme"), ("de", "Größe", "grösse"), ("tr", "ISIK", "ışık"),
        ("zh", "黑猫在这里", "猫"), ("ko", "책이 있다", "책을"), ("ar", "كتاب", "كِتَاب"), ("fa", "می‌خواهم", "می خواهم"),
        ("hi", "हिन्दी", "हिन्दी"), ("vi", "Việt Nam", "viet nam"), ("pl", "Łódź", "lodz"), ("no", "Ålesund", "alesund"),
    ],
)  # fmt: skip
def test_a_word_is_found_in_each_of_its_spellings(language, written, question):
    assert asked(question, language) & terms(written, language)


def test_a_question_asks_for_the_stem_of_each_language_and_for_each_once():
    assert question_terms("running", ["en", "de", "", "en"]) == [("run", "running")]
    assert question_terms("the the cat", ["en"]) == [("the",), ("cat",)]
    assert question_terms("running", []) == [("running",)]
    assert question_terms(" ?! ", ["en"]) == []


def test_a_code_in_a_question_is_asked_for_whole_and_by_its_parts():
    assert question_terms("INV-2023-001?", ["en"]) == [("inv2023001",), ("inv",), ("2023",), ("001",)]


def test_a_title_counts_twice_and_lengthens_the_chunk():
    assert chunk_terms("Rest days", "en", title="Rest") == {"rest": 3, "day": 1}


def test_a_run_counts_a_pair_as_often_as_it_comes():
    assert chunk_terms("東京東京", "ja") == {"東京": 2, "京東": 1, "東": 2, "京": 2}


def test_ids_of_terms_never_change_and_fit_a_sparse_vector():
    assert [term_id("cat"), term_id("東京")] == [834423526, 370536611]
    assert all(1 <= term_id(str(number)) <= 999_999_999 for number in range(10_000))


def random_text(source, length):
    """Characters of all planes, most from scripts in use and from the signs that tie words, surrogates among them."""
    kinds = [
        lambda: chr(source.randrange(0x20, 0x7F)), lambda: chr(source.randrange(0xA0, 0x3100)),
        lambda: chr(source.randrange(0x3000, 0x10000)), lambda: chr(source.randrange(sys.maxunicode + 1)),
        lambda: source.choice("'’-._@&:,§+#`´\u00ad\u200b\u200c\u0301\u0307\u3099 \n"),
        lambda: source.choice("aAeéß09"),
    ]  # fmt: skip
    return "".join(source.choice(kinds)() for _ in range(length))


@pytest.mark.parametrize("seed", range(60))
def test_any_text_has_terms_and_the_same_in_every_normal_form(seed):
    source = random.Random(seed)
    text = random_text(source, source.randrange(1, 200))
    language = source.choice(LANGUAGES)
    found = chunk_terms(text, language)
    assert all(found)
    assert all(count > 0 for count in found.values())
    for form in ("NFC", "NFD"):
        assert chunk_terms(unicodedata.normalize(form, text), language) == found
    assert asked(text, language) <= found.keys()
    assert asked(text, *LANGUAGES) >= asked(text, language) or len(found) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chunk_holds_what_a_question_of_the_same_words_asks_for(language):
    text = (
        "Größe informação mangées l'homme qualità ışıklar новые كتابة می‌خواهم भाषाओं 東京都 책을 ที่นี่ INV-2023 Wi-Fi C++"
    )
    assert asked(text, language) == terms(text, language)


@pytest.mark.parametrize(
    "text",
    ["a" * 300_000, "a-" * 150_000, "a.b'c@" * 50_000, "ﷺ" * 30_000, "東" * 200_000, "e" + "\u0301" * 200_000,
     "§ " * 100_000, "1," * 150_000, "+#" * 150_000, "@" * 300_000, "aB" * 150_000,
     "ก" + "\u0e31" * 200_000, "_" * 300_000],
)  # fmt: skip
def test_hostile_texts_give_short_terms(text):
    assert all(len(term) <= 4 * LONGEST_TERM for term in chunk_terms(text, "en"))
    assert len(question_terms(text, ["en", "zh"])) <= 256


def test_threads_stem_at_the_same_time():
    words = [f"running{ending}" for ending in ("", "s", "ness", "ly") for _ in range(500)]
    alone = [question_terms(word, ["en", "de", "fr"]) for word in words]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda word: question_terms(word, ["en", "de", "fr"]), words)) == alone


def test_a_long_question_and_many_languages_stay_bounded():
    groups = question_terms(" ".join(f"word{number}" for number in range(1000)) + " sicherlich", LANGUAGES)
    assert len(groups) == 256
    assert all(len(group) <= 12 for group in question_terms("organisations universitaires", LANGUAGES))
