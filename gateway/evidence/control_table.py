"""Which controls of NIST SP 800-53 (release 5.2.0) the evidence serves, and which tests show it. Data alone.

Each row says what a record, a count of which `controls` gives, tells an assessor. "Provides evidence for" is
meant of a gateway that is configured so; whether a control is satisfied is for an assessor to decide. What is
not in this table is not claimed: PL-2, for one, is about plans, and no record is a plan.
"""

from gateway.events import Event, Outcome
from gateway.evidence.control import Control, Role

E, S = Role.EVIDENCE, Role.SUPPORTS
_CALLS = (Event.INTENT, Event.RELAYED, Event.ANSWERED, Event.REFUSED)
_DECISIONS = (Event.APPROVAL_DECIDED, Event.APPROVAL_SETTLED, Event.APPROVAL_CONSUMED)
_GRANTS = (Event.GRANT_REQUESTED, Event.GRANT_OPENED, Event.GRANT_EXTENDED, Event.GRANT_ENDED)
_SAYS_ALL = "walk/test_calls.py::test_intent_and_outcome_say_who_what_where_by_which_rule_and_what_was_hidden"
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
        events=_CALLS,
        fields=("policy",),
        tests=(_SAYS_ALL, "gateway/test_record.py::test_a_refusal_says_why_and_by_which_rules"),
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
        tests=("walk/test_calls.py::test_an_answer_with_what_the_policy_blocks_is_withheld", _SAYS_ALL),
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
        tests=(_SAYS_ALL,),
    ),
    Control(
        *("AC-5", "Separation of Duties", E),
        "That whoever approved was not whoever asked, and attempts to be both.",
        events=(Event.APPROVAL_DECIDED, Event.APPROVAL_REFUSED),
        fields=("approver",),
        tests=(
            "gateway/approvals/test_seats.py::test_the_requester_may_not_decide_whatever_groups_they_are_in",
            "gateway/approvals/test_rulings.py::test_who_may_not_decide_is_refused_on_record",
        ),
    ),
    Control(
        *("AC-6", "Least Privilege", E),
        "Calls under access that was open for a while only, and calls that were refused.",
        events=_CALLS,
        fields=("grant",),
        tests=("walk/test_grants.py::test_with_access_the_call_is_made_and_recorded_in_its_session",),
    ),
    Control(
        *("AC-6(9)", "Log Use of Privileged Functions", E),
        "Each call that needed an approval or access, with its outcome; what operators did.",
        events=(Event.INTENT, Event.APPROVAL_CONSUMED, Event.APPROVALS_READ, Event.GRANTS_READ, Event.TOOL),
        tests=(
            "walk/test_approvals.py::test_the_records_of_the_call_name_the_approval_and_who_gave_it",
            "gateway/test_record.py::test_an_operators_acceptance_names_the_operator_and_the_reason",
        ),
    ),
    Control(
        *("AC-6(10)", "Prohibit Non-privileged Users from Executing Privileged Functions", E),
        "Each attempt that was refused, by whom, and why.",
        events=(Event.REFUSED, Event.APPROVAL_REFUSED, Event.GRANT_REFUSED, Event.EVIDENCE_REFUSED),
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
        events=_CALLS,
        fields=("source",),
        tests=(_SAYS_ALL,),
    ),
    Control(
        *("AU-2", "Event Logging", E),
        "The closed list of events, each written where it happens.",
        tests=("gateway/evidence/test_replay.py::test_every_event_has_its_place_in_a_replay",),
    ),
    Control(
        *("AU-3", "Content of Audit Records", E),
        "What, when, where, from where, with which outcome, and who, in every record of a call.",
        fields=("event", "time", "outcome"),
        tests=("gateway/test_record.py::test_an_intent_says_who_what_when_where_and_by_which_rule",),
    ),
    Control(
        *("AU-3(1)", "Additional Audit Information", E),
        "The version of the policy, the rules, the approval, the access, the token and the trace.",
        fields=("policy",),
        tests=(_SAYS_ALL,),
    ),
    Control(
        *("AU-3(3)", "Limit Personally Identifiable Information Elements", E),
        "That text which callers chose is masked before it is written.",
        tests=("gateway/test_record.py::test_what_a_caller_wrote_is_masked_in_the_record",),
    ),
    Control(
        *("AU-5", "Response to Audit Logging Process Failures", E),
        "That nothing is forwarded and nothing answered without its record; what came late says so.",
        fields=("spilled",),
        tests=(
            "walk/test_refusals.py::test_without_evidence_no_call_is_forwarded",
            "gateway/evidence/test_jobs.py::test_a_seal_that_fails_is_told_and_its_end_too",
        ),
    ),
    Control(
        *("AU-6", "Audit Record Review, Analysis, and Reporting", S),
        "That somebody looked, at what, and when; the review itself is a person's.",
        events=(Event.EVIDENCE_READ,),
        tests=(
            "gateway/pages/test_evidence_page.py::"
            "test_an_auditor_sees_the_sessions_of_today_and_that_is_on_record_first",
        ),
    ),
    Control(
        *("AU-8", "Time Stamps", E),
        "The time of every record in UTC, to the microsecond.",
        fields=("time",),
        tests=("gateway/test_record.py::test_an_intent_says_who_what_when_where_and_by_which_rule",),
    ),
    Control(
        *("AU-9", "Protection of Audit Information", E),
        "That records are chained by hash, and that the credential can read and add, and no more.",
        tests=(
            "gateway/evidence/test_chain.py::test_records_of_a_session_are_chained_in_order",
            "gateway/storage/test_tables.py::test_a_credential_that_only_reads_and_adds_is_enough",
        ),
    ),
    Control(
        *("AU-9(2)", "Store on Separate Physical Systems or Components", S),
        "Where it is set up so: seals copied once to a second account, with which the first must agree.",
        tests=("gateway/evidence/test_copies.py::test_a_new_history_signed_with_the_stolen_key_is_found",),
    ),
    Control(
        *("AU-9(3)", "Cryptographic Protection", E),
        "The hash of each record, and of the one before it, which signed seals cover.",
        tests=("gateway/evidence/test_form.py::test_any_changed_field_changes_the_hash",),
    ),
    Control(
        *("AU-9(6)", "Read-only Access", E),
        "That auditors read by pages that change nothing, and nobody else reads there.",
        events=(Event.EVIDENCE_READ, Event.EVIDENCE_REFUSED),
        tests=(
            "gateway/pages/test_evidence_page.py::test_nobody_else_sees_anything_and_the_attempt_is_on_record",
            "gateway/pages/test_evidence_page.py::test_nothing_of_the_evidence_is_changed_by_a_form",
        ),
    ),
    Control(
        *("AU-10", "Non-repudiation", S),
        "Who decided on what, by which token; how strong that is depends on how people sign in.",
        events=(Event.APPROVAL_DECIDED,),
        fields=("approver", "token"),
        tests=("gateway/approvals/test_rulings.py::test_one_approval_settles_what_needs_one",),
    ),
    Control(
        *("AU-11", "Audit Record Retention", S),
        "The oldest record that is there; for how long none can be deleted is set where it is deployed.",
        tests=("infra/test_templates.py::test_only_payloads_are_ever_deleted_by_the_platform",),
    ),
    Control(
        *("AU-12", "Audit Record Generation", E),
        "That no exit of a call is without its record.",
        events=(*_CALLS, Event.OUTCOME),
        tests=(
            "walk/test_calls.py::test_the_evidence_is_there_before_the_upstream_is_called",
            "walk/test_refusals.py::test_an_unforeseen_error_is_an_internal_error_on_record_without_its_text",
        ),
    ),
    Control(
        *("AU-12(1)", "System-wide and Time-correlated Audit Trail", S),
        "One form for all records, with the trace id of the caller's own systems.",
        fields=("trace",),
        tests=("gateway/evidence/test_replay.py::test_a_call_is_one_entry_with_all_that_came_of_it",),
    ),
    Control(
        *("AU-14", "Session Audit", S),
        "A whole session, entry by entry, as far as it was recorded.",
        events=(Event.INTENT, Event.OUTCOME),
        tests=("gateway/evidence/test_replay.py::test_a_call_has_the_story_of_its_approval_with_reasons",),
    ),
    Control(
        *("CM-3", "Configuration Change Control", S),
        "Each version of the policy that came into force or was rejected.",
        events=(Event.POLICY,),
        tests=("walk/test_refusals.py::test_the_policy_in_force_and_a_rejected_one_are_on_record",),
    ),
    Control(
        *("IA-2", "Identification and Authentication (Organizational Users)", S),
        "The object id and the token of whoever called; how they signed in is Entra's to show.",
        events=_CALLS,
        fields=("subject", "token"),
        tests=("gateway/test_authenticate.py::test_a_user_is_known_by_tenant_and_object_id",),
    ),
    Control(
        *("IA-9", "Service Identification and Authentication", S),
        "Calls of applications and agents, each by its own identity.",
        events=_CALLS,
        fields=("subject", "client"),
        tests=("gateway/test_authenticate.py::test_an_agent_is_told_from_a_person_by_either_facet",),
    ),
    Control(
        *("IR-5", "Incident Monitoring", S),
        "What a person, a server or a session did, call by call.",
        events=(*_CALLS, Event.OUTCOME),
        tests=("gateway/evidence/test_library.py::test_the_sessions_of_a_person_are_found_without_a_day",),
    ),
    Control(
        *("PM-21", "Accounting of Disclosures", S),
        "Who was given an answer of which server, and what was hidden from it.",
        events=(Event.OUTCOME,),
        outcomes=(Outcome.SUCCEEDED,),
        tests=(_SAYS_ALL,),
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
