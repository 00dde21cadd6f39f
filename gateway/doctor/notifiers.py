"""Whether those can be told whom the policy wants told; with `--send` each gets a message that says it is a test."""

from urllib.parse import urlsplit

from gateway.approvals.message import Message
from gateway.doctor.bench import Bench
from gateway.doctor.finding import Finding, cannot_tell, fault, ok, warning
from gateway.doctor.policy import policy_of
from gateway.doctor.vault import not_read
from gateway.policy.document import Email, Notifier, Policy, Teams
from gateway.values import Refusal

NAME = "notifiers"


async def check(bench: Bench) -> list[Finding]:
    """One finding for each way to tell somebody."""
    policy = await policy_of(bench)
    if policy is None:
        return [cannot_tell(NAME, "there is no policy to say who is told", "First mend `policy`.")]
    found = [await _notifier(bench, notifier) for notifier in _all(policy)]
    if not policy.alerted():
        do = "Name a group under `alerts`, with notifiers: somebody must hear of a seal that fails."
        found.append(warning(NAME, "nobody is told when something is wrong with the evidence", do))
    return found


def _all(policy: Policy) -> list[Notifier]:
    """Each once, however many groups it serves."""
    return list(dict.fromkeys(each for group in sorted(policy.notifiers) for each in policy.notifiers[group]))


async def _notifier(bench: Bench, notifier: Notifier) -> Finding:
    match notifier:
        case Teams(webhook=secret):
            url = await bench.secrets.obtain(secret)
            if isinstance(url, Refusal):
                return not_read(bench, NAME, secret, "the webhook of a Teams channel", url)
            return await _reached(bench, notifier, f"Teams by {secret}", url.reveal().strip())
        case Email(endpoint=endpoint, to=to):
            return await _reached(bench, notifier, f"mail to {', '.join(to)} by {endpoint}", endpoint)


async def _reached(bench: Bench, notifier: Notifier, what: str, url: str) -> Finding:
    if bench.is_sending:
        failure = await bench.tell(notifier, _message(bench))
        if failure:
            return fault(NAME, f"{what}: the test message was not taken ({failure})", _mend(notifier))
        return ok(NAME, f"{what} took a test message")
    # The host alone: the rest of a webhook's address is its secret, and asking for it might post.
    parts = urlsplit(url)
    page = await bench.get(f"{parts.scheme}://{parts.netloc}/", is_read=False)
    if not page.status:
        return fault(NAME, f"{what}: its host does not answer ({page.why})", _mend(notifier))
    return ok(NAME, f"{what}: its host answers (--send tries the rest)")


def _mend(notifier: Notifier) -> str:
    if isinstance(notifier, Teams):
        return f"Write the URL of the Teams workflow into the secret {notifier.webhook}; its owner may have left."
    return (
        "Compare the endpoint with the Communication Services resource, and give the gateway's identity a role there."
    )


def _message(bench: Bench) -> Message:
    return Message(
        subject="Countersign: a test by its doctor",
        facts=(("Sent", f"{bench.now():%d %B %Y, %H:%M} UTC"), ("What to do", "Nothing; messages arrive here.")),
        link=bench.settings.url,
        button="Open the gateway",
        note="Somebody who operates the gateway has asked whether messages arrive.",
    )
