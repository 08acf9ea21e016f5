"""Plain text of any encoding, and what is no text at all."""

import codecs

import pytest

from rag.errors import ParsingError
from rag.parsing import detect_kind, limits
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

GERMAN = "Die Größe der Tür beträgt zwei Meter. Für Rückfragen wählen Sie die Nummer auf der Rückseite. "
RUSSIAN = "Склад открывается в семь часов утра и закрывается в шесть часов вечера каждый рабочий день. "


def refused(folder, content, name="notes.txt"):
    path = folder / "stored"
    path.write_bytes(content)
    with pytest.raises(ParsingError) as caught:
        detect_kind(path, name)
    return caught.value.code


def test_blank_lines_separate_paragraphs_and_any_newline_counts(tmp_path):
    document = parsed(tmp_path, "One.\r\nStill one.\r\n\r\n \t\r\nTwo.\r\rThree.", "notes.txt")
    assert outline(document) == [
        ("paragraph", 0, "One.\nStill one."),
        ("paragraph", 0, "Two."),
        ("paragraph", 0, "Three."),
    ]
    assert document.title == "notes"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"]
)
def test_german_survives_its_encoding(tmp_path, encoding):
    assert parsed(tmp_path, (GERMAN * 5).encode(encoding), "brief.txt").text == (GERMAN * 5).strip()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8-r", "iso8859-5"])
def test_russian_survives_its_encoding(tmp_path, encoding):
    assert parsed(tmp_path, (RUSSIAN * 5).encode(encoding), "письмо.txt").text == (RUSSIAN * 5).strip()


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "iso8859-2"])
def test_slovak_survives_its_encoding(tmp_path, encoding):
    text = (
        "Sklad sa otvára o siedmej ráno. Ľahké tovary môžete prevziať každý deň, ťažké až v piatok. Šťastnú cestu! " * 3
    )
    assert parsed(tmp_path, text.encode(encoding), "list.txt").text == text.strip()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-16-le", "倉庫は午前七時に開き、午後六時に閉まります。" * 4),
        ("utf-16-be", "仓库早上七点开门，下午六点关门。\n送货时间到五点为止。" * 4),
        ("utf-16-le", RUSSIAN * 4),
        ("utf-16-be", "Η αποθήκη ανοίγει στις επτά το πρωί και κλείνει στις έξι το βράδυ. " * 4),
        ("utf-16-le", "โกดังเปิดเวลาเจ็ดโมงเช้าและปิดเวลาหกโมงเย็นทุกวันทำงาน ขอบคุณครับ " * 4),
        ("mac_cyrillic", RUSSIAN * 4),
        ("cp1251", "Заказ No. 17 от 2024-05-01: доставка бесплатно, email: info@example.ru. Спасибо! " * 4),
        ("iso8859_15", "Les élèves ont reçu leur œuvre préférée à dix-huit heures. " * 4),
        ("mac_roman", "El almacén abre a las siete de la mañana. ¿Cuándo cierra? ¡Mañana también! " * 4),
        ("mac_latin2", "Sklad se otevírá v sedm hodin ráno. Příliš žluťoučký kůň úpěl ďábelské ódy. " * 4),
        ("cp1254", "Depo sabah yedide açılır ve akşam altıda kapanır. Teşekkür ederiz, İstanbul. " * 4),
        ("iso8859_2", "Magazyn otwiera się o siódmej rano. Zażółć gęślą jaźń. Dziękujemy! " * 4),
        ("cp1256", "انبار ساعت هفت صبح باز و ساعت شش عصر بسته است. پیش از آمدن چک کنید. ".replace("ی", "ي") * 4),
        ("euc_kr", "창고는 오전 일곱 시에 열고 오후 여섯 시에 닫습니다. " * 4),
        ("shift_jis", "倉庫は午前七時に開き、午後六時に閉まります。配達は五時まで受け付けます。" * 4),
        ("euc_jp", "倉庫は午前七時に開き、午後六時に閉まります。配達は五時まで受け付けます。" * 4),
        ("iso2022_jp", "倉庫は午前七時に開き、午後六時に閉まります。" * 4),
        ("gb18030", "仓库早上七点开门，下午六点关门。送货时间到五点为止。" * 4),
        ("big5", "倉庫早上七點開門，下午六點關門。送貨時間到五點為止。" * 4),
        ("cp1256", "يفتح المستودع في السابعة صباحا ويغلق في السادسة مساء كل يوم عمل. " * 4),
    ],
)
def test_other_scripts_survive_their_encoding(tmp_path, encoding, text):
    assert parsed(tmp_path, text.encode(encoding), "letter.txt").text == text.strip()


@pytest.mark.parametrize(
    ("damage", "instead"),
    [
        (b"\xff", "ÿ"),
        ("Größe".encode("cp1252"), "Größe"),
        (b"\xc0\x80", "À€"),
        ("Größe".encode("cp1252") * 20, "Größe" * 20),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
    ],
)
def test_bytes_that_do_not_belong_in_utf8_cost_no_other_letter(tmp_path, damage, instead):
    content = (GERMAN * 5).encode() + damage + b" " + (GERMAN * 5).encode()
    assert parsed(tmp_path, content, "brief.txt").text == f"{GERMAN * 5}{instead} {GERMAN * 5}".strip()


def test_damage_far_into_a_file_is_read_as_that(tmp_path):
    content = (GERMAN * 1000).encode() + b"\xe4" + GERMAN.encode()
    assert parsed(tmp_path, content, "brief.txt").text.count("Größe") == 1001


def test_control_characters_and_marks_of_order_are_taken_out(tmp_path):
    content = "A\x07 bell,\u00ad a so\u00adft hyphen\ufeff.\x0bNext line.".encode()
    assert parsed(tmp_path, content, "a.txt").text == "A bell, a soft hyphen.\nNext line."


def test_a_few_nul_bytes_in_text_are_taken_out(tmp_path):
    assert parsed(tmp_path, b"The meeting is on Monday" + b"\x00" + b" at nine. " * 40, "a.txt").text.count("\x00") == 0


def test_an_empty_file_says_so(tmp_path):
    assert refused(tmp_path, b"") == "empty_file"


@pytest.mark.parametrize("content", [b" \n\t\r\n ", codecs.BOM_UTF8, "\u200b \u00a0".encode()[3:]])
def test_white_space_alone_is_no_text(tmp_path, content):
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, content, "a.txt")
    assert caught.value.code == "no_text"


@pytest.mark.parametrize(
    "content",
    [
        bytes(100_000),
        bytes(range(256)) * 50,
        b"\x1f\x8b\x08\x00" + bytes(200),
        b"\x7fELF" + bytes(range(200)) * 20,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a"])
def test_what_is_no_text_is_refused_whatever_its_name(tmp_path, content, name):
    assert refused(tmp_path, content, name) == "unsupported_type"


@pytest.mark.parametrize("name", ["report.pdf", "report.PDF", "report.docx"])
@pytest.mark.parametrize("content", [b"just words", b"<!doctype html><title>Sign in</title>"])
def test_text_that_claims_to_be_a_pdf_or_docx_is_refused(tmp_path, name, content):
    path = tmp_path / "stored"
    path.write_bytes(content)
    with pytest.raises(ParsingError, match="holds something else") as caught:
        detect_kind(path, name)
    assert caught.value.code == "unsupported_type"


def test_an_encrypted_office_file_is_named_so(tmp_path):
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le")
    assert refused(tmp_path, content, "plan.docx") == "encrypted"


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        ("plain words", "notes", "text"),
        ("plain words", "notes.doc", "text"),
        ("# Title\n\nSee [this](https://example.org/a).", "notes", "markdown"),
        ("# a comment in a configuration\nkey: value\n", "settings.conf", "text"),
        ("words", "notes.MD", "markdown"),
        ("<!-- made by hand -->\n<!DOCTYPE html><p>x", "notes.txt", "html"),
        ("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body>x</body></html>", "a.xml", "html"),
        ("<?xml version='1.0'?><feed><entry>x</entry></feed>", "a.xml", "text"),
        ("if a < b then c > d", "a.txt", "text"),
        ("\ufeff  <html><body>x", "a.md", "html"),
        ("<p align='center'>logo</p>\n\n# Title", "README.md", "markdown"),
        ("%PDF-1.4 ...", "a.docx", "pdf"),
    ],
)
def test_content_decides_and_the_name_only_hints(tmp_path, content, name, kind):
    path = tmp_path / "stored"
    path.write_text(content)
    assert detect_kind(path, name) == kind


def test_a_name_of_any_kind_makes_a_title_that_can_be_stored(tmp_path):
    assert parsed(tmp_path, "words", "yearly_\x00re\ud800port\n.v2.txt").title == "yearly report .v2"
    assert parsed(tmp_path, "words", "\x00").title == "Untitled"


def test_a_text_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CHARACTERS", 1000)
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, "word " * 500, "a.txt")
    assert caught.value.code == "too_large"
    monkeypatch.setattr(limits, "MAX_MARKUP_BYTES", 1000)
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, "word " * 500, "a.txt")
    assert caught.value.code == "too_large"
