import pytest

from gateway.masking.api_tokens import API_TOKEN
from tests.gateway.masking.found import found

# Made up here, so that no scanner of this repository mistakes an example for a leak.
A = "aB3xY9" * 20
H = "a1b2c3d4" * 8
TOKENS = [
    *(f"sk-{kind}-{A[:40]}" for kind in ("ant-api03", "proj", "svcacct", "admin", "or-v1")),
    f"sk-{A[:20]}T3Blbk" + f"FJ{A[:20]}",
    *(f"gl{kind}-{A[:20]}" for kind in ("pat", "dt", "rt", "cbt", "ptt", "ft", "soat")),
    *(f"{kind}_{A[:24]}" for kind in ("sk_live", "sk_test", "rk_live")),
    *(f"whsec_{A[:32]}", f"npm_{A[:36]}", f"pypi-AgEIcHlwaS5vcmc{A[:60]}", f"SG.{A[:22]}.{A[:43]}", f"hf_{A[:34]}"),
    *(
        f"dop_v1_{H}",
        f"dapi{H[:32]}",
        f"shpat_{H[:32]}",
        f"dckr_pat_{A[:27]}",
        f"glsa_{A[:32]}_{H[:8]}",
        f"hvs.{A[:24]}",
    ),
    *(
        f"ATATT3{A[:60]}=1A2B3C4D",
        "oy2" + "abc2" * 10 + "abc",
        f"xapp-1-{A[:30]}",
        f"123456789:AA{A[:33]}",
        f"gsk_{A[:52]}",
    ),
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("around", ["{}", "Bearer {}", '"{}"', "key={}", "https://a/?t={}&b=c"])
def test_a_token_is_found_by_its_prefix(token: str, around: str) -> None:
    assert found(API_TOKEN, around.format(token)) == [token]


def test_the_secret_part_of_a_slack_webhook_is_found() -> None:
    secret = f"T0{A[:8]}/B0{A[:8]}/{A[:24]}"
    assert found(API_TOKEN, f"https://hooks.slack.com/services/{secret}") == [secret]


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"risk-{A[:40]}",
            f"task-proj-{A[:40]}",
            "sk-short",
            "npm_config_registry",
            "hf_hub_download",
            "sk_live_mode",
        ),
        *("secret_key_of_the_function", "gsk_", "SG.a.b", "dapi", "12:30:AA", H, "sk-" + "a-b-" * 10),
    ],
)
def test_what_only_begins_like_a_token_is_left_alone(text: str) -> None:
    assert found(API_TOKEN, text) == []
