from devhost import protos


def test_typed_data_names_the_one_field_that_was_set() -> None:
    assert protos.TypedData(json="{}").WhichOneof("data") == "json"
    assert protos.TypedData().WhichOneof("data") is None


def test_typed_data_has_no_field_of_its_own_name() -> None:
    """The worker looks for one first, and would take it for the message."""
    assert not hasattr(protos.TypedData(string=""), "TypedData")


def test_a_message_shows_its_fields_and_never_their_values() -> None:
    assert repr(protos.RpcHttp(url="https://example.com/?code=secret")) == "RpcHttp(url)"


def test_the_cookie_policy_that_is_no_identifier_has_a_value() -> None:
    assert getattr(protos.RpcHttpCookie.SameSite, "None") == 0
