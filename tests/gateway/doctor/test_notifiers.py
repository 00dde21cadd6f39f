from gateway.doctor import notifiers
from gateway.doctor.finding import State
from tests.fakes.policies import policy_text
from tests.gateway.doctor.around import Around, states

HOOK = "https://teams.example/workflows/very-secret"
POLICY = policy_text() + "alerts: [approvers]\n"
PAGES = {"https://teams.example/": 404, "https://contoso.communication.azure.com/": 401}


async def test_a_host_that_answers_is_well_and_the_address_of_a_webhook_is_told_nobody() -> None:
    around = Around(secrets={"teams-approvers": HOOK}, pages=dict(PAGES))
    found = await notifiers.check(around.bench(POLICY))
    assert states(found) == [State.OK, State.OK]
    assert (around.told, "very-secret" in str(found)) == ([], False)


async def test_a_message_is_sent_only_on_request_and_a_failure_is_a_fault() -> None:
    around = Around(secrets={"teams-approvers": HOOK})
    assert states(await notifiers.check(around.bench(POLICY, is_sending=True))) == [State.OK, State.OK]
    assert ["test" in message.subject for _, message in around.told] == [True, True]
    around.failure = "status 404"
    found = await notifiers.check(around.bench(POLICY, is_sending=True))
    assert states(found) == [State.FAULT, State.FAULT]
    assert "very-secret" not in str(found)


async def test_a_secret_that_is_not_there_and_a_host_that_is_silent_are_faults() -> None:
    teams, mail = await notifiers.check(Around().bench(POLICY))
    assert (teams.state, mail.state) == (State.FAULT, State.FAULT)
    assert "secret teams-approvers" in teams.seen


async def test_a_person_who_may_not_read_the_secret_sees_nothing() -> None:
    around = Around(why="HttpResponseError", pages=dict(PAGES))
    teams, _ = await notifiers.check(around.bench(POLICY, as_operator=True))
    assert (teams.state, "POST /api/health" in teams.do) == (State.CANNOT_TELL, True)


async def test_evidence_whose_faults_nobody_hears_of_is_a_warning() -> None:
    found = await notifiers.check(Around(secrets={"teams-approvers": HOOK}, pages=dict(PAGES)).bench(policy_text()))
    assert states(found) == [State.OK, State.OK, State.WARNING]
    assert states(await notifiers.check(Around().bench())) == [State.CANNOT_TELL]
