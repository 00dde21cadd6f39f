import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.jsontext import MAX_DEPTH, Number, parse, write
from gateway.keyed import Keyed
from gateway.masking.compiled import compiled
from gateway.masking.data import MOST_NESTED, DataWalk, TooDeepError
from gateway.masking.hide import GONE
from gateway.masking.ledger import Ledger
from gateway.values import Action, Json, Mask

MAIL = "alice@example.com"
CARD = 4111111111111111


def hide(value: Json, *masks: Mask) -> Json:
    return DataWalk(compiled(masks), Ledger(), value).document(value, None)


def entered(value: Json, *masks: Mask) -> list[tuple[str, str]]:
    ledger = Ledger()
    DataWalk(compiled(masks), ledger, value).document(value, None)
    return [(hidden.by, hidden.path) for hidden in ledger.hidden()]


def detect(*names: str, action: Action = Action.REDACT) -> Mask:
    return Mask("detect", action, detectors=names)


def fields(*rules: str, action: Action = Action.REDACT) -> Mask:
    return Mask("fields", action, fields=rules)


def test_what_no_rule_names_is_the_same_object() -> None:
    value = {"a": [1, Number("1.0"), "x", None, True, {"b": '{"c": 1}'}]}
    assert hide(value, detect("email"), fields("salary", "$.nowhere")) is value


def test_unchanged_parts_of_a_changed_document_are_shared_and_the_input_is_left_alone() -> None:
    value = {"same": {"x": 1}, "other": [MAIL]}
    new = hide(value, detect("email"))
    assert new == {"same": {"x": 1}, "other": ["[hidden:email]"]}
    assert new["same"] is value["same"]
    assert value == {"same": {"x": 1}, "other": [MAIL]}


def test_each_entry_has_the_digest_of_the_value_that_was_hidden() -> None:
    keyed = Keyed(b"digests", b"tokens", "session")
    ledger = Ledger(keyed)
    record: Json = {"a": MAIL, "b": f"to {MAIL}", "c": CARD, "d": Number(f"{CARD}.0"), MAIL: 1}
    value: Json = [record, *({**record, "e": index} for index in range(100))]
    DataWalk(compiled((detect("email", "payment_card"),)), ledger, value).document(value, None)
    mail, card = keyed.digest(MAIL.encode()), keyed.digest(str(CARD).encode())
    told = {(hidden.path, hidden.digest) for hidden in ledger.hidden() if hidden.path.startswith("$[7]")}
    assert told == {
        *(("$[7]['a']", mail), ("$[7]['b']", mail), ("$[7]['c']", card), ("$[7]['d']", card)),
        ("$[7]['[hidden:email]']", mail),
    }


def test_the_order_of_keys_stays() -> None:
    value = {"b": MAIL, MAIL: 1, "a": 2}
    assert list(hide(value, detect("email"))) == ["b", "[hidden:email]", "a"]


@pytest.mark.parametrize("number", [CARD, Number("4111111111111111.0"), Number("4111111111111111")])
def test_a_number_that_is_a_card_number_is_hidden(number: Json) -> None:
    for action in (Action.REDACT, Action.PARTIAL):
        assert hide({"n": number, "list": [number]}, detect("payment_card", action=action)) == {"n": 0, "list": [0]}
    assert hide({"n": number, "list": [number]}, detect("payment_card", action=Action.DROP)) == {"list": []}


@pytest.mark.parametrize("number", [-CARD, CARD + 1, Number("0.4111111111111111"), Number("4.111111111111111e15"), 1.5])
def test_a_number_that_is_none_is_left_alone(number: Json) -> None:
    assert hide([number], detect("payment_card")) == [number]


def test_a_key_that_is_a_value_is_renamed_and_collisions_are_numbered() -> None:
    value = {"a@b.co": 1, "[hidden:email]": 2, "c@d.org": 3, "[hidden:email]#2": 4}
    assert hide(value, detect("email")) == {
        "[hidden:email]#3": 1,
        "[hidden:email]": 2,
        "[hidden:email]#4": 3,
        "[hidden:email]#2": 4,
    }


def test_a_key_under_drop_takes_its_value_with_it() -> None:
    assert hide({MAIL: 1, "b": 2}, detect("email", action=Action.DROP)) == {"b": 2}


def test_a_dropped_string_takes_its_key_or_list_item_with_it() -> None:
    assert hide({"a": MAIL, "b": ["x", MAIL]}, detect("email", action=Action.DROP)) == {"b": ["x"]}
    assert hide(MAIL, detect("email", action=Action.DROP)) is GONE


@pytest.mark.parametrize("key", ["home_address", "homeAddress", "home-address", "HomeAddress", "HOME ADDRESS"])
def test_a_field_is_hidden_in_every_case_style_at_any_depth(key: str) -> None:
    assert hide([{"a": {key: "x"}}], fields("home_address")) == [{"a": {key: "[hidden:home_address]"}}]


def test_a_field_keeps_its_shape() -> None:
    value = {"pay": {"a": 1, "b": [Number("1.50"), True, None, "", "x"], "c": {}}}
    assert hide(value, fields("pay")) == {"pay": {"a": 0, "b": [0, False, None, "", "[hidden:pay]"], "c": {}}}


def test_a_field_under_partial_shows_the_last_four_of_long_strings_only() -> None:
    value = {"id": ["123456789", "12345678", 123456789]}
    assert hide(value, fields("id", action=Action.PARTIAL)) == {"id": ["[hidden:id ...6789]", "[hidden:id]", 0]}


def test_a_dropped_field_is_gone_whatever_it_holds() -> None:
    value = {"a": {"pay": {"x": [1]}, "b": 1}, "pay": None}
    assert hide(value, fields("pay", action=Action.DROP)) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("$.a[0].n", {"a": [{"n": "[hidden:field]"}, {"n": "y"}]}),
        ("$..n", {"a": [{"n": "[hidden:field]"}, {"n": "[hidden:field]"}]}),
        ("$.a[?@.n == 'y']", {"a": [{"n": "x"}, {"n": "[hidden:field]"}]}),
        ("$", {"a": [{"n": "[hidden:field]"}, {"n": "[hidden:field]"}]}),
        ("$.b", {"a": [{"n": "x"}, {"n": "y"}]}),
    ],
)
def test_a_path_hides_what_it_leads_to(path: str, new: Json) -> None:
    assert hide({"a": [{"n": "x"}, {"n": "y"}]}, fields(path)) == new


def test_a_path_drops_members_items_and_the_root() -> None:
    assert hide({"a": [1, 2], "b": 3}, fields("$.a[0]", "$.b", action=Action.DROP)) == {"a": [2]}
    assert hide({"a": 1}, fields("$", action=Action.DROP)) is GONE


def test_the_strictest_rule_wins_where_several_hit() -> None:
    value = {"pay": f"call {MAIL} now", "note": "x"}
    partial = fields("pay", action=Action.PARTIAL)
    assert hide(value, partial)["pay"] == "[hidden:pay ... now]"
    assert hide(value, partial, detect("email"))["pay"] == "[hidden:email]"
    assert hide(value, partial, detect("email", action=Action.DROP)) == {"note": "x"}
    assert entered(value, partial, detect("email")) == [("pay", "$['pay']"), ("email", "$['pay']")]


def test_a_stricter_rule_inside_a_hidden_field_still_counts() -> None:
    value = {"pay": {"iban": "x", "card": CARD}}
    masks = (fields("pay"), fields("iban", action=Action.DROP), detect("payment_card", action=Action.BLOCK))
    ledger = Ledger()
    assert DataWalk(compiled(masks), ledger, value).document(value, None) == {"pay": {"card": 0}}
    assert ledger.blocked is not None
    assert ledger.blocked.path == "$['pay']['card']"


@pytest.mark.parametrize(
    ("detector", "key", "value", "new"),
    [
        ("phone", "phone", "030 1234567", "[hidden:phone]"),
        ("phone", "mobilePhone", 4915112345678, 0),
        ("us_ssn", "SSN", 123456789, 0),
        ("us_ssn", "ssn", "123456789", "[hidden:us_ssn]"),
        ("cloud_key", "SecretAccessKey", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY", "[hidden:cloud_key]"),
        ("phone", "phone", "unknown", "unknown"),
        ("phone", "phone", 7, 7),
        ("phone", "phone", None, None),
        ("phone", "id", "030 1234567", "030 1234567"),
    ],
)
def test_a_key_that_tells_what_its_value_is_helps_a_detector(detector: str, key: str, value: Json, new: Json) -> None:
    assert hide({key: value}, detect(detector)) == {key: new}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"salary": 9, "n": [MAIL]}),
        json.dumps({"salary": 9, "n": [MAIL]}, indent=4),
        json.dumps({"salary": 9, "n": [MAIL]}).replace("@", "\\u0040"),
        json.dumps(json.dumps({"salary": 9, "n": [MAIL]})),
        '{"salary": NaN, "n": ["' + MAIL + '"]}',
        '{"salary": 9, "salary": 9, "n": ["' + MAIL + '"]}',
        '\ufeff {"salary": 9, "n": ["' + MAIL + '\\ud83d"]}\n',
    ],
)
def test_json_inside_text_is_walked_like_any_document(text: str) -> None:
    new = hide({"t": text}, detect("email"), fields("salary"))["t"]
    read: Json = json.loads(new.strip("\ufeff \n"))
    read = json.loads(read) if isinstance(read, str) else read
    assert read["salary"] == 0
    assert read["n"][0].startswith("[hidden:email]")


def test_json_inside_text_keeps_its_indentation_and_spelling() -> None:
    text = '{\n    "a": 1.0,\n    "b": "' + MAIL + '"\n}'
    assert hide([text], detect("email")) == ['{\n    "a": 1.0,\n    "b": "[hidden:email]"\n}']


def test_json_inside_text_in_which_nothing_is_hidden_stays_byte_for_byte() -> None:
    text = '{"a" : 1.0, "b":"\\u00e9", "c": ["{}", "{}"] }'
    assert hide([text, text], detect("email"), fields("salary")) == [text, text]


def test_of_a_key_that_stands_twice_only_one_value_leaves() -> None:
    assert hide(['{"a":"first","a":"second"}'], detect("email")) == ['{"a":"second"}']


def test_a_path_starts_at_the_root_of_the_document_in_a_text() -> None:
    assert hide(['{"a":1}', '[{"a":1}]'], fields("$.a")) == ['{"a":0}', '[{"a":1}]']


def test_a_dropped_root_takes_the_text_with_it() -> None:
    assert hide({"t": '{"a":1}', "b": 1}, fields("$.a", "$.t", action=Action.DROP)) == {"b": 1}
    assert hide(['"\\u0061@b.co"'], detect("email", action=Action.DROP)) == []


def test_a_place_inside_a_text_is_named() -> None:
    assert entered(["x", json.dumps({"a": [MAIL]})], detect("email")) == [("email", "$[1]$text['a'][0]")]


def nested(times: int, innermost: Json) -> Json:
    for _ in range(times):
        innermost = json.dumps({"t": innermost})
    return innermost


def test_json_in_json_is_walked_to_a_limit_and_hidden_whole_beyond() -> None:
    within = hide([nested(MOST_NESTED, MAIL)], detect("email"))
    beyond = hide([nested(MOST_NESTED + 1, "harmless")], detect("email"))
    assert MAIL not in str(within)
    assert "[hidden:email]" in str(within)
    assert "harmless" not in str(beyond)
    assert "[hidden:unreadable]" in str(beyond)


@pytest.mark.parametrize("depth", [MAX_DEPTH * 2, 200_000])
def test_json_inside_text_that_is_too_deep_is_hidden_whole(depth: int) -> None:
    text = "[" * depth + '"harmless"' + "]" * depth
    assert hide([text], detect("email")) == ["[hidden:unreadable]"]
    assert entered([text], detect("email")) == [("unreadable", "$[0]")]


def test_a_document_as_deep_as_the_parser_allows_is_walked() -> None:
    value = parse('{"a":[' * (MAX_DEPTH // 2) + f'"{MAIL}"' + "]}" * (MAX_DEPTH // 2))
    assert "[hidden:email]" in json.dumps(hide(value, detect("email"), fields("$..b")))


def test_a_value_deeper_than_any_that_was_parsed_raises() -> None:
    value: Json = []
    for _ in range(MAX_DEPTH * 2):
        value = [value]
    with pytest.raises(TooDeepError):
        hide(value, detect("email"))


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ('got {"pay": 9} twice', 'got {"pay":0} twice'),
        ('{"pay": 9}\n{"x": [{"pay": "y"}]}\n', '{"pay":0}\n{"x":[{"pay":"[hidden:pay]"}]}\n'),
        ('```json\n{\n  "pay": 9\n}\n```', '```json\n{\n  "pay": 0\n}\n```'),
        (f'{MAIL} has {{"pay": "{MAIL}"}} in it', '[hidden:email] has {"pay":"[hidden:pay]"} in it'),
        ('got {"b" : 9} twice', 'got {"b" : 9} twice'),
    ],
)
def test_a_field_reaches_into_json_between_words(text: str, new: str) -> None:
    assert hide([text], detect("email"), fields("pay")) == [new]


def test_a_path_reaches_into_json_between_words() -> None:
    assert hide(['so: {"a": {"b": 1}}'], fields("$.a.b")) == ['so: {"a":{"b":0}}']
    assert hide(['so: {"a": 1}', 1], fields("$.a", action=Action.DROP)) == ["so: {}", 1]


def test_json_between_words_that_is_too_deep_is_hidden_whole() -> None:
    assert hide(['so: {"pay":' + "[" * 99 + "]" * 99 + "}"], fields("pay")) == ["[hidden:unreadable]"]


@pytest.mark.parametrize("action", [Action.REDACT, Action.PARTIAL, Action.DROP, Action.TOKEN])
def test_a_field_reaches_into_tables_and_leaves_their_other_cells(action: Action) -> None:
    text = 'name,Home Address\nAnn,"Street ""5"", 1"\n"Bob",\n'
    hidden = 'name,Home Address\nAnn,"[hidden:home_address]"\n"Bob",\n'
    new = hide([text, "x"], fields("home_address", action=action))
    assert new == [hidden, "x"]
    assert hide(new, fields("home_address", action=action)) == new


def test_a_column_that_tells_what_its_cells_are_helps_a_detector() -> None:
    assert hide(["id;phone\n1;030 1234567\n2;none\n"], detect("phone")) == ["id;phone\n1;[hidden:phone]\n2;none\n"]


def test_a_row_that_does_not_fit_is_hidden_whole() -> None:
    assert hide(["a,pay\n1,2,3\n4,5"], fields("pay")) == ["a,pay\n[hidden:pay]\n4,[hidden:pay]"]


def test_a_column_that_blocks_blocks() -> None:
    ledger = Ledger()
    DataWalk(compiled((fields("pay", action=Action.BLOCK),)), ledger, ["a,pay\n1,2"]).document(["a,pay\n1,2"], None)
    assert ledger.blocked is not None
    assert ledger.blocked.path == "$[0]"


@pytest.mark.parametrize("value", ["x", "Bob", 7, Number("7.0")])
def test_what_a_policy_looks_for_may_be_short(value: Json) -> None:
    own = Mask("own", Action.REDACT, patterns=(("one", "^[0-9x]$"),), words=("bob",))
    assert hide([value, "harmless"], own)[0] in ("[hidden:one]", "[hidden:words]", 0)


def test_an_identity_number_that_is_a_number_is_hidden() -> None:
    assert hide([{"n": 15076500565}], detect("no_fodselsnummer")) == [{"n": 0}]


@pytest.mark.parametrize("value", ["０３０ １２３４５６７", "030\u200b1234567"])
def test_a_telling_key_knows_a_value_in_other_digits(value: str) -> None:
    assert hide({"phone": value}, detect("phone")) == {"phone": "[hidden:phone]"}


def test_a_telling_key_hides_the_whole_value_though_a_detector_finds_a_part() -> None:
    every = detect("password", "email", "phone")
    value = {"password": f"x {MAIL}", "phone": "+49 30 1234567", "note": f"x {MAIL}"}
    assert hide(value, every) == {
        "password": "[hidden:password]",
        "phone": "[hidden:phone]",
        "note": "x [hidden:email]",
    }
    assert entered(value, every) == [
        ("password", "$['password']"),
        ("email", "$['password']"),
        ("phone", "$['phone']"),
        ("email", "$['note']"),
    ]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('{"a":4111111111111111.0}', '{"a":0}'),
        ('{"a":4111111111111111.0,"b":1.5}', '{"a":0,"b":1.5}'),
        ('{"password":12345678.25}', '{"password":0}'),
        ('{"password":1e-15}', '{"password":0}'),
        ('{"password":123456789.000001}', '{"password":0}'),
        ('["4111111111111111",4111111111111111.0,4111111111111111]', '["[hidden:payment_card]",0,0]'),
    ],
)
def test_a_number_in_a_text_is_found_however_it_is_spelled(text: str, hidden: str) -> None:
    mask = detect("payment_card", "password")
    assert hide(text, mask) == hidden
    assert write(hide(parse(text), mask)).decode() == hidden


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "password", "card"]),
            st.integers(0, 10**17).map(str)
            | st.decimals(0, 10**16, places=1).map(str)
            | st.floats(0, 1e17).map(repr)
            | st.sampled_from(
                ["4111111111111111.0", "4111111111111111.00", "4111111111111111e0", "-4111111111111111.0"]
            ),
        )
    )
)
def test_a_number_means_the_same_in_a_text_as_beside_it(members: list[tuple[str, str]]) -> None:
    text = "[" + ",".join(f'{{"{key}":{number}}}' for key, number in members) + "]"
    mask = detect("payment_card", "password")
    assert parse(str(hide(text, mask))) == parse(write(hide(parse(text), mask)))
    assert [by for by, _ in entered(text, mask)] == [by for by, _ in entered(parse(text), mask)]
