import copy
import json
import pickle
from dataclasses import replace

import pytest

from gateway.values import Secret
from tests.fakes.values import CALL


def test_a_secret_is_shown_by_nothing_but_reveal() -> None:
    secret = Secret("hush")
    assert secret.reveal() == "hush"
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", repr(replace(CALL, token=secret))):
        assert "hush" not in shown


def test_a_secret_is_not_serialised() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hush"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hush"))
    with pytest.raises(TypeError):
        json.dumps({"a": Secret("hush")})


def test_params_and_arguments_are_objects_even_where_the_message_has_none() -> None:
    call = replace(CALL, message={})
    assert call.params == {}
    assert call.arguments == {}
    assert replace(CALL, message={"params": {"arguments": [1]}}).arguments == {}
