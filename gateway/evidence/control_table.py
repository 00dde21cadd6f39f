"""Which controls of NIST SP 800-53 (release 5.2.0) the evidence serves, and which tests show it. Data alone.

Each row says what a record, a count of which `controls` gives, tells an assessor. "Provides evidence for" is
meant of a gateway that is configured so; whether a control is satisfied is for an assessor to decide. What is
not in this table is not claimed: PL-2, for one, is about plans, and no record is a plan.
"""

from gateway.events import Event, Outcome
from gateway.evidence.audit_controls import AUDIT
from gateway.evidence.control import CALLS, SAYS_ALL, Control, E, S

_DECISIONS = (Event.APPROVAL_DECIDED, Event.APPROVAL_SETTLED, Event.APPROVAL_CONSUMED)
_CHANGES = (Event.POLICY_PROPOSED, Event.POLICY_ENFORCED, Event.POLICY_PROPOSAL_ENDED)
_GRANTS = (Event.GRANT_REQUESTED, Event.GRANT_OPENED, Event.GRANT_EXTENDED, Event.GRANT_ENDED)
_MASKS = "gateway/test_record.py::test_an_outcome_sums_up_what_was_hidden_without_the_values"

TABLE: tuple[Control, ...] = (
    Control(
        *("AC-2", "Account Management", S),
        "Access that was asked for, given, moved and ended; accounts themselves live in Entra.",
        events=_GRANTS,
        tests=("gateway/access/test_register.py::test_what_a_rule_approves_is_open_at_once_and_ends_by_the_clock",),
    ),
    Control(
        *("AC-2(6)", "Dynamic Privilege Management", S),
        "When access opened and ended, to the second, by the rule that gave it.",
        events=(Event.GRANT_OPENED, Event.GRANT_EXTENDED, Event.GRANT_ENDED),
        tests=("gateway/access/test_register.py::test_that_it_ended_is_on_record_with_the_true_time_however_late",),
    ),
    Control(
        *("AC-3", "Access Enforcement", E),
        "Each call that was let through or refused, by which version of the policy and which rules.",
        events=CALLS,
        fields=("policy",),
        tests=(SAYS_ALL, "gateway/test_record.py::test_a_refusal_says_why_and_by_which_rules"),
    ),
    Control(
        *("AC-3(2)", "Dual Authorization", E),
        "Who approved exactly this call, why, and that the approval was used once.",
        events=_DECISIONS,
        tests=(
            "walk/test_approvals.py::test_the_records_of_the_call_name_the_approval_and_who_gave_it",
            "gateway/approvals/test_rulings.py::test_two_people_are_two_people",
        ),
    ),
    Control(
        *("AC-3(8)", "Revocation of Access Authorizations", E),
        "Access and approvals that somebody took back, who and why.",
        events=(Event.GRANT_ENDED, Event.APPROVAL_SETTLED, Event.APPROVAL_ENDED),
        outcomes=(Outcome.REVOKED,),
        tests=("gateway/access/test_operators.py::test_an_operator_ends_one",),
    ),
    Control(
        *("AC-4", "Information Flow Enforcement", E),
        "What the policy let out of each answer, and what it kept back.",
        events=(Event.OUTCOME,),
        tests=("walk/test_calls.py::test_an_answer_with_what_the_policy_blocks_is_withheld", SAYS_ALL),
    ),
    Control(
        *("AC-4(23)", "Modify Non-releasable Information", E),
        "Which mask changed how many values of an answer.",
        events=(Event.OUTCOME,),
        fields=("masks",),
        tests=(_MASKS,),
    ),
    Control(
        *("AC-4(25)", "Data Sanitization", E),
        "Which detector or field path found what was hidden, and what was done to it.",
        events=(Event.OUTCOME,),
        fields=("masks",),
        tests=(_MASKS, "walk/test_calls.py::test_a_streamed_answer_is_masked_event_by_event"),
    ),
    Control(
        *("AC-4(26)", "Audit Filtering Actions", E),
        "Each filtering of an answer, with the call that it was part of.",
        events=(Event.OUTCOME,),
        fields=("masks",),
        tests=(SAYS_ALL,),
    ),
    Control(
        *("AC-5", "Separation of Duties", E),
        "That whoever approved was not whoever asked, and attempts to be both.",
        events=(Event.APPROVAL_DECIDED, Event.APPROVAL_REFUSED, Event.POLICY_ENFORCED),
        fields=("approver",),
        tests=(
            "gateway/approvals/test_seats.py::test_the_requester_may_not_decide_whatever_groups_they_are_in",
            "gateway/approvals/test_rulings.py::test_who_may_not_decide_is_refused_on_record",
        ),
    ),
    Control(
        *("AC-6", "Least Privilege", E),
        "Calls under access that was open for a while only, and calls that were refused.",
        events=CALLS,
        fields=("grant",),
        tests=("walk/test_grants.py::test_with_access_the_call_is_made_and_recorded_in_its_session",),
    ),
    Control(
        *("AC-6(9)", "Log Use of Privileged Functions", E),
        "Each call that needed an approval or access, with its outcome; what operators did.",
        events=(
            *(Event.INTENT, Event.APPROVAL_CONSUMED, Event.APPROVALS_READ, Event.GRANTS_READ, Event.TOOL),
            *(*_CHANGES, Event.POLICY_PROPOSALS_READ),
        ),
        tests=(
            "walk/test_approvals.py::test_the_records_of_the_call_name_the_approval_and_who_gave_it",
            "gateway/test_record.py::test_an_operators_acceptance_names_the_operator_and_the_reason",
        ),
    ),
    Control(
        *("AC-6(10)", "Prohibit Non-privileged Users from Executing Privileged Functions", E),
        "Each attempt that was refused, by whom, and why.",
        events=(
            *(Event.REFUSED, Event.APPROVAL_REFUSED, Event.GRANT_REFUSED, Event.EVIDENCE_REFUSED),
            Event.POLICY_PROPOSAL_REFUSED,
        ),
        tests=("walk/test_refusals.py::test_a_caller_without_a_rule_is_refused_and_recorded_by_object_id",),
    ),
    Control(
        *("AC-12", "Session Termination", E),
        "That access ended, when, and whether a call was cut off by it.",
        events=(Event.GRANT_ENDED,),
        tests=(
            "walk/test_grant_streams.py::"
            "test_a_stream_of_an_answer_is_closed_when_its_access_is_revoked_and_the_next_call_refused",
        ),
    ),
    Control(
        *("AC-17(1)", "Remote Access: Monitoring and Control", S),
        "Each call from where, by which client and token.",
        events=CALLS,
        fields=("source",),
        tests=(SAYS_ALL,),
    ),
    *AUDIT,
    Control(
        *("CM-3", "Configuration Change Control", S),
        "Each version of the policy that came into force or was rejected; who proposed it, who agreed, why.",
        events=(Event.POLICY, *_CHANGES),
        tests=(
            "walk/test_refusals.py::test_the_policy_in_force_and_a_rejected_one_are_on_record",
            "gateway/proposals/test_api.py::test_a_policy_that_two_others_approve_is_in_force",
        ),
    ),
    Control(
        *("CM-5", "Access Restrictions for Change", S),
        "Where the policy says how it is changed: who did, and who tried and may not; other ways lie in Azure.",
        events=(*_CHANGES, Event.POLICY_PROPOSAL_REFUSED),
        tests=(
            "gateway/proposals/test_api.py::test_nobody_else_proposes",
            "gateway/proposals/test_versions.py::test_what_the_gateway_did_not_sign_as_a_version_is_none",
        ),
    ),
    Control(
        *("CM-5(4)", "Dual Authorization", S),
        "Who approved exactly this change of the policy, before it took effect.",
        events=(Event.POLICY_ENFORCED,),
        fields=("approver",),
        tests=(
            "gateway/proposals/test_api.py::test_a_policy_that_two_others_approve_is_in_force",
            "gateway/proposals/test_register.py::test_one_vote_fewer_is_not_enough_and_the_proposer_has_none",
        ),
    ),
    Control(
        *("IA-2", "Identification and Authentication (Organizational Users)", S),
        "The object id and the token of whoever called; how they signed in is Entra's to show.",
        events=CALLS,
        fields=("subject", "token"),
        tests=("gateway/test_authenticate.py::test_a_user_is_known_by_tenant_and_object_id",),
    ),
    Control(
        *("IA-9", "Service Identification and Authentication", S),
        "Calls of applications and agents, each by its own identity.",
        events=CALLS,
        fields=("subject", "client"),
        tests=("gateway/test_authenticate.py::test_an_agent_is_told_from_a_person_by_either_facet",),
    ),
    Control(
        *("IR-5", "Incident Monitoring", S),
        "What a person, a server or a session did, call by call.",
        events=(*CALLS, Event.OUTCOME),
        tests=("gateway/evidence/test_library.py::test_the_sessions_of_a_person_are_found_without_a_day",),
    ),
    Control(
        *("PM-21", "Accounting of Disclosures", S),
        "Who was given an answer of which server, and what was hidden from it.",
        events=(Event.OUTCOME,),
        outcomes=(Outcome.SUCCEEDED,),
        tests=(SAYS_ALL,),
    ),
    Control(
        *("SI-4", "System Monitoring", S),
        "Refusals, failures and tools that changed, as they happen.",
        events=(Event.REFUSED, Event.TOOL),
        tests=("gateway/test_record.py::test_a_tools_change_says_what_changed_and_on_whose_call_it_was_seen",),
    ),
    Control(
        *("SI-11", "Error Handling", S),
        "The true reason of a refusal, which the wire never tells.",
        events=(Event.REFUSED,),
        fields=("reason",),
        tests=("gateway/test_reasons.py::test_wrong_tokens_are_told_apart_on_record_and_not_on_the_wire",),
    ),
    Control(
        *("SI-15", "Information Output Filtering", E),
        "What was filtered out of each answer, and answers that were withheld.",
        events=(Event.OUTCOME,),
        fields=("masks",),
        tests=("walk/test_calls.py::test_an_answer_with_what_the_policy_blocks_is_withheld",),
    ),
    Control(
        *("SI-19(4)", "Removal, Masking, Encryption, Hashing, or Replacement of Direct Identifiers", E),
        "Which identifiers were hidden from whom, by which rule, and how.",
        events=(Event.OUTCOME,),
        fields=("masks",),
        tests=(_MASKS, "walk/test_calls.py::test_members_of_a_clear_group_see_clear_values"),
    ),
)
