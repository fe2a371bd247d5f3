"""Keys of many values, found by their digests."""

from __future__ import annotations

from sekoia_cti.client.importing.key_index import Digests, KeyIndex

MD5, SHA1 = "d" * 32, "a" * 40


def index_of(*values: str) -> KeyIndex:
    digests = Digests()
    digests.add(values)
    return KeyIndex(digests)


def test_each_key_has_a_place_of_its_own() -> None:
    """However many there are, and whatever order their digests have; other keys have none."""
    names = [f"host{number}.example" for number in range(1_000)]
    index = index_of(*names)
    assert index.count() == 1_000
    assert sorted(index.place(name) or 0 for name in names) == list(range(1_000))
    assert index.place("other.example") is None
    assert index_of().place("other.example") is None


def test_a_file_has_the_marks_that_all_of_its_hashes_have() -> None:
    """A value with several keys is marked only where each of them is."""
    index = index_of("evil.example", f"{MD5},{SHA1}")
    marks = bytearray(len(index.keys))
    for key, mark in (("evil.example", 1), (MD5, 3), (SHA1, 6)):
        place = index.place(key)
        assert place is not None
        marks[place] = mark
    assert list(index.marks_of(0, 2, marks)) == [1, 2]
    assert list(index.marks_of(1, 2, marks)) == [2]


def test_digests_of_the_values_from_a_number_on() -> None:
    """All keys of these values, and none of those before."""
    digests = Digests()
    digests.add([f"{SHA1},{MD5}", "evil.example"])
    digests.add([f"{'b' * 40},{'c' * 32}"])
    assert digests.count() == 3
    assert sorted(digests.all(2)) == sorted(digests.of(2))
    assert sorted(digests.all()) == sorted(digest for number in range(3) for digest in digests.of(number))
