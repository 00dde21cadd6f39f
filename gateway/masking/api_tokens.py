"""A detector of API tokens, by the prefixes that their issuers document.

Amazon, Google, GitHub and Slack are in `credentials.CLOUD_KEY`; this has the other issuers whose
tokens tell themselves. A token without a prefix is for `secret_values`, which wants a label.
"""

from gateway.masking.candidates import Candidate, Detector, Span, pattern
from gateway.masking.labelled import starts_word

_SIGN = "[0-9A-Za-z_-]"
_HEX = "[0-9a-f]"
_FORMS = (
    rf"sk-(?:ant|proj|svcacct|admin|or)-{_SIGN}{{20,}}",  # Anthropic, OpenAI, OpenRouter
    r"sk-[0-9A-Za-z]{32,}",  # OpenAI, and others after it
    rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|imt)-{_SIGN}{{20,}}",  # GitLab
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}",  # Stripe
    r"whsec_[0-9A-Za-z+/]{24,}=*",
    r"npm_[0-9A-Za-z]{36}",
    rf"pypi-AgE{_SIGN}{{50,}}",
    rf"SG\.{_SIGN}{{22}}\.{_SIGN}{{43}}",  # SendGrid
    r"hf_[0-9A-Za-z]{30,}",  # Hugging Face
    rf"do[opr]_v1_{_HEX}{{64}}",  # DigitalOcean
    rf"dapi{_HEX}{{32}}(?:-[0-9])?",  # Databricks
    r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}",  # Shopify
    rf"dckr_[op]at_{_SIGN}{{20,}}",  # Docker
    rf"glsa_[0-9A-Za-z]{{32}}_{_HEX}{{8}}",  # Grafana
    rf"hv[sbr]\.{_SIGN}{{24,}}",  # HashiCorp Vault
    rf"ATATT3{_SIGN}{{50,}}=*[0-9A-Z]*",  # Atlassian
    r"oy2[a-z2-7]{43}",  # NuGet
    rf"xapp-[0-9]-{_SIGN}{{20,}}",  # Slack, app level
    rf"[0-9]{{8,10}}:AA{_SIGN}{{33}}",  # Telegram
    r"(?:gsk|xai|pplx|r8|lin_api|ntn|secret)[_-][0-9A-Za-z]{37,}",  # Groq, xAI, Perplexity, Replicate, Linear, Notion
)
_WEBHOOK = r"hooks\.slack\.com/(?:services|workflows|triggers)/([0-9A-Za-z/_-]{20,})"


def _begins(haystack: bytes, start: int, end: int) -> Span | None:
    return (start, end) if starts_word(haystack, start) else None


# One hint for all: enough of each that ordinary text has none.
_HINT = (
    rf"sk-(?:(?:ant|proj|svcacct|admin|or)-|[0-9A-Za-z]{{20}})|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|imt)-{_SIGN}{{8}}"
    rf"|[rs]k_(?:live|test)_|whsec_|npm_[0-9A-Za-z]{{8}}|pypi-AgE|SG\.{_SIGN}{{22}}\.|hf_[0-9A-Za-z]{{8}}|do[opr]_v1_"
    rf"|dapi{_HEX}{{8}}|shp(?:at|ca|pa|ss)_|dckr_[op]at_|glsa_|hv[sbr]\.{_SIGN}{{8}}|ATATT3|oy2[a-z2-7]{{8}}|xapp-[0-9]-"
    rf"|[0-9]{{8}}:AA{_SIGN}{{8}}|(?:gsk|xai|pplx|r8|lin_api|ntn|secret)[_-][0-9A-Za-z]{{20}}|hooks\.slack\.com/"
)

API_TOKEN = Detector("api_token", _HINT, (Candidate(pattern("|".join(_FORMS)), _begins), Candidate(pattern(_WEBHOOK))))
