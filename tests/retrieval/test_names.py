"""Identifiers and titles find their document first, whatever the numbering scheme."""

import pytest

from retrieval.base import Document
from retrieval.index import LocalIndex
from retrieval.index.names import identifiers


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("see RFC 2026.", "#rfc2026"),
        ("rfc-2026", "#rfc2026"),
        ("rfc2026", "#rfc2026"),
        ("CVE-2024-0123", "#cve2024-123"),
        ("ISO/IEC 9899:2011", "#iso9899"),
        ("ISO/IEC 9899:2011", "#iso/iec9899:2011"),
        ("Ticket #0042", "#ticket42"),
        ("IEEE 802.11n", "#ieee802.11n"),
        ("§ Artikel 5a", "#artikel5a"),
    ],
)
def test_identifiers_have_one_form(text, key):
    assert key in [found for found, _, _ in identifiers(text)]


@pytest.mark.parametrize("text", ["sha256sum", "0x1f", "word", "2026", "a_1b2c3"])
def test_what_is_no_identifier(text):
    assert list(identifiers(text)) == []


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("What does RFC 2026 say?", "rfc-2026"),
        ("rfc2026", "rfc-2026"),
        ("RFC-9999", "rfc-9999"),
        ("Who reported cve 2024 1234 and CVE-2024-1234?", "cve"),
        ("number 9999", "rfc-9999"),
        ('Where is the place called "The Old Bridge (Heidelberg)"?', "bridge"),
        ("the old bridge heidelberg", "bridge"),
        ("How old is The Old Bridge?", "bridge"),
        ("what is the height of Mount Etna?", "volcano"),
        ('Where is "Muont Etna erupts"? I mean "The Old Brigde Heidelberg".', "bridge"),
        ("volcano", "volcano"),
        ("A Reply", "rfc-9999"),
    ],
)
async def test_a_named_document_comes_first(index, query, first):
    assert (await index.search(query, k=3))[0].document_id == first


async def test_every_named_document_comes_before_the_rest(index):
    hits = await index.search("Compare RFC 9999, Mount Etna and CVE-2024-1234", k=3)
    assert {hit.document_id for hit in hits} == {"rfc-9999", "volcano", "cve"}


async def test_a_mention_is_not_an_identity(index):
    hits = await index.search("RFC 2026", k=5)
    assert [hit.document_id for hit in hits][:1] == ["rfc-2026"]
    assert "rfc-9999" in [hit.document_id for hit in hits]


async def test_look_up_finds_names_only(index):
    assert [hit.document_id for hit in await index.lookup("RFC 2026", k=5)] == ["rfc-2026"]
    assert [hit.document_id for hit in await index.lookup("the old bridge", k=5)] == ["bridge"]
    assert [hit.document_id for hit in await index.lookup("Cafe Zurich", k=5)] == ["café"]
    assert [hit.document_id for hit in await index.lookup("CVE-2024-1234", k=1)] == ["cve"]
    assert await index.lookup("lava", k=5) == []
    assert await index.lookup("RFC 2027", k=5) == []


async def test_a_name_that_many_share_decides_nothing(tmp_path):
    documents = [Document(f"d{i}", f"Chapter one of book {i} about topic{i}.", "Chapter 1") for i in range(9)]
    index = LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert (await index.search("topic7 in Chapter 1", k=1))[0].document_id == "d7"


async def test_a_named_document_shows_its_opening_and_its_best_passage(tmp_path):
    body = "\n\n".join(f"Paragraph {i} speaks of ordinary matters at some length. " * 6 for i in range(30))
    long = Document("x", f"Opening lines.\n\n{body}\n\nThe zeppelin landed in Friedrichshafen.", "Report 77")
    index = LocalIndex.build(tmp_path / "i", [long, Document("y", "zeppelin zeppelin", "Other")], dense="none")
    hits = await index.search("Where did the zeppelin land in Report 77?", k=2)
    assert [hit.document_id for hit in hits] == ["x", "x"]
    assert "Friedrichshafen" in hits[0].text
    assert hits[1].start == 0


SCHEMES = {
    "law": ("§ 12 Notice periods", "§ 12"),
    "law-b": ("§ 12a Exceptions", "What does §12a say?"),
    "ops": ("OPS-17: Restore the mail gateway", "who wrote ops 17"),
    "tax": ("TX-104 Filing rules", "TX-104"),
    "course": ("BIO 201L Laboratory", "BIO-201L prerequisites"),
    "form": ("Form 1040EZ", "how to file form 1040ez"),
    "part": ("AB12CD: Bearing", "price of ab12cd today"),
    "wide": ("Überweisung-００7: Ablauf", "Überweisung 7"),
    "law-ru": ("Закон 44-ФЗ", "что говорит закон 44-ФЗ"),
    "no": ("№ 31 (minutes)", "minutes no. 31"),
    "wlan": ("IEEE 802.11ax", "is IEEE 802.11ax faster than before"),
    "dotted": ("INV-2024-00A1", "invoice inv 2024-00A1 paid?"),
    "zeros": ("OPS-0170: Leading zeros", "OPS-170"),
}


@pytest.fixture
def schemes(tmp_path):
    """Documents that each have an identifier, among others that speak of all of them again and again."""
    own = [Document(key, "Its text does not repeat its name.", title) for key, (title, _) in SCHEMES.items()]
    names = ". ".join(title for title, _ in SCHEMES.values())
    noise = [Document(f"noise-{n}", f"{names}. {names}. See {names}.", f"Digest of week {n}") for n in range(3)]
    return LocalIndex.build(tmp_path / "schemes", [*noise, *own], dense="none")


@pytest.mark.parametrize("key", SCHEMES)
async def test_any_numbering_scheme_finds_its_document_first(schemes, key):
    title, query = SCHEMES[key]
    assert (await schemes.search(query, k=5))[0].document_id == key
    assert (await schemes.search(f"Please summarise {title} for me", k=5))[0].document_id == key
    assert (await schemes.lookup(title, k=1))[0].document_id == key


async def test_the_spelling_that_was_asked_for_comes_first(tmp_path):
    documents = [Document("a", "One.", "OPS-17: Short"), Document("b", "Two.", "OPS-017: Long")]
    index = LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert [hit.document_id for hit in await index.search("OPS-17", k=5)][:2] == ["a", "b"]
    assert [hit.document_id for hit in await index.search("state of OPS-017?", k=5)][:2] == ["b", "a"]


async def test_decades_and_ordinals_are_no_catalogue_numbers(tmp_path):
    documents = [Document("decade", "Ten years.", "1990s"), Document("jazz", "Jazz in the 1990s in Oslo.", "Oslo jazz")]
    index = LocalIndex.build(tmp_path / "i", documents, dense="none")
    assert (await index.search("who played jazz in oslo in the 1990s", k=2))[0].document_id == "jazz"


async def test_in_small_letters_what_several_documents_are_called_is_a_subject(tmp_path):
    named = [Document(f"pumps-{n}", f"Volume {n}. All about brass.", "Water Pump Systems") for n in range(2)]
    other = Document("mill", "The mill needs oil for all of its water pump systems each spring.", "The Mill")
    index = LocalIndex.build(tmp_path / "i", [*named, other], dense="none")
    assert (await index.search("which water pump systems need oil each spring?", k=1))[0].document_id == "mill"
    found = await index.search("which Water Pump Systems need oil each spring?", k=2)
    assert {hit.document_id for hit in found} == {"pumps-0", "pumps-1"}
