"""`policy check FILE`: whether a policy is one that the gateway would take into force.

Takes the command's arguments and prints a summary of the policy, or each of its mistakes with its place
and what to write instead. It asks nothing of the directory, so names of groups are not looked up.
"""

from argparse import Namespace

from gateway.cli.files import Loaded, load_policy
from gateway.cli.printed import Printed, as_json, mistaken
from gateway.policy.document import Policy


def run(chosen: Namespace) -> Printed:
    """The check of `chosen.file`."""
    loaded = load_policy(chosen.file)
    if not isinstance(loaded, Loaded):
        return mistaken(loaded, is_json=chosen.json)
    policy = loaded.policy
    if chosen.json:
        found = {
            "valid": True,
            "policy": policy.digest,
            "servers": list(policy.servers),
            "rules": [rule.name for rule in policy.rules],
            "masks": list(policy.masks),
            "approvals": list(policy.approvals),
            "grants": list(policy.grants),
            "limits": _limits(policy),
            "groups_by_name": list(loaded.by_name),
        }
        return as_json(found, 0)
    lines = [
        f"{chosen.file}: OK",
        f"  servers    {_counted(list(policy.servers))}",
        f"  rules      {len(policy.rules)}",
        f"  masks      {_counted(list(policy.masks))}",
        f"  approvals  {_counted(list(policy.approvals))}",
        f"  grants     {_counted(list(policy.grants))}",
        f"  limits     {_counted(_limits(policy))}",
        f"  SHA-256    {policy.digest}",
        *by_name(loaded),
    ]
    return Printed(0, "\n".join(lines))


def by_name(loaded: Loaded) -> list[str]:
    """A line that says which groups were not looked up, if any."""
    if not loaded.by_name:
        return []
    return [f"  note       groups written by name are not looked up here: {', '.join(loaded.by_name)}"]


def _limits(policy: Policy) -> list[str]:
    """Their names, each once however many servers it is on."""
    return list(dict.fromkeys(limit.name for limits in policy.limits_of.values() for limit in limits))


def _counted(names: list[str]) -> str:
    return f"{len(names)}: {', '.join(names)}" if names else "none"
