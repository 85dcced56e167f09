"""Our reading and writing of DynamoDB's typed attributes, beside boto3's."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from control_plane.aws.items import from_item, to_item

LEAVES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text()
SHAPES = st.dictionaries(
    st.text(min_size=1),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=20),
)


@given(shape=SHAPES)
def test_what_is_written_is_what_boto3_writes_and_comes_back_as_it_was(shape: dict[str, Any]) -> None:
    item = to_item(shape)
    assert item == {name: TypeSerializer().serialize(value) for name, value in shape.items()}
    assert from_item(item) == shape
    assert from_item(item) == {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


@pytest.mark.parametrize("value", [1.5, b"bytes", {1}, object()], ids=["float", "bytes", "set", "object"])
def test_what_is_no_plain_shape_is_not_written(value: object) -> None:
    with pytest.raises(TypeError, match="no JSON shape"):
        to_item({"Field": value})


@pytest.mark.parametrize("kind", ["B", "SS", "NS", "BS"])
def test_what_we_never_write_is_not_taken_for_something_else(kind: str) -> None:
    with pytest.raises(TypeError, match=kind):
        from_item({"Field": {kind: ["1"]}})
