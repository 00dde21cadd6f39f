"""The rows of the table of controls about audit and accountability (family AU). Data alone.

See `control_table`, of which they are a part.
"""

from gateway.events import Event
from gateway.evidence.control import CALLS, SAYS_ALL, Control, E, S

AUDIT: tuple[Control, ...] = (
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
        tests=(SAYS_ALL,),
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
        events=(*CALLS, Event.OUTCOME),
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
)
