"""Tool results that are prose or made by programs: mail, logs, diffs, traces, configuration, code."""

from bench.corpus import lookalikes, people, secrets
from bench.corpus.marks import Sample, text_sample
from bench.corpus.source import Source

_DATE = "Tue, 04 Nov 2025 09:12:44 +0100"
_TOKENS = (
    ("AZURE_CLIENT_SECRET", secrets.entra_secret),
    ("AWS_ACCESS_KEY_ID", secrets.aws_id),
    ("AWS_SECRET_ACCESS_KEY", secrets.aws_secret),
    ("GOOGLE_API_KEY", secrets.gcp_key),
    ("GITHUB_TOKEN", secrets.github_token),
    ("SLACK_BOT_TOKEN", secrets.slack_token),
    ("OPENAI_API_KEY", secrets.openai_key),
    ("ANTHROPIC_API_KEY", secrets.anthropic_key),
    ("AZURE_STORAGE_KEY", secrets.azure_key),
    ("AZURE_STORAGE_ACCOUNT_KEY", secrets.azure_key_unsigned),
    ("SLACK_APP_TOKEN", secrets.slack_app_token),
    ("SLACK_WEBHOOK_URL", secrets.slack_webhook),
    ("DATABASE_URL", secrets.connection_string),
    ("REPORT_URL", secrets.azure_sas),
)


def mail(source: Source) -> Sample:
    fake = source.fake
    kind, identity = people.national_id(source)
    _, distinct = people.national_id(source, is_distinct=True)
    facts = (
        f"You can reach me at {people.phone(source)} or {people.email(source)}.",
        f"Tel: {people.phone_national(source)}",
        f"My {kind.spoken} is {identity}, as you asked.",
        f"{kind.spoken}: {identity}",
        f"For the file: {distinct}.",
        f"Please charge the card {people.payment_card(source)} (exp. 09/28).",
        f"Transfer it to {people.iban(source)} by Friday.",
        f"SSN: {people.us_ssn(source)}",
        f"Passport No: {people.passport(source)}",
        f"Driving licence number {people.driving_licence(source)}",
        f"Date of birth: {people.date_of_birth(source)}",
        f"born on {people.date_of_birth(source)}",
        f"Address: {people.postal_address(source)}",
        f"Your reference is {lookalikes.lookalike(source)}, see also {lookalikes.lookalike(source)}.",
        f"The server {people.ip_address(source)} answered at {lookalikes.moment(source)}.",
        str(fake.sentence()),
    )
    body = "\n".join(source.random.sample(facts, 6))
    name, other = fake.name(), fake.name()
    quoted = "\n".join(f"> {line}" for line in source.random.sample(facts[:6], 2))
    head = f"From: {name} <{people.email(source)}>\nTo: {other} <{people.email(source)}>\nDate: {_DATE}"
    subject = f"Subject: Re: {fake.sentence()}\nThread-Index: {source.digits(14)}.{source.digits(6)}"
    return text_sample(
        "mail thread", source.locale, f"{head}\n{subject}\n\n{body}\n\n{name}\n\nOn Monday {other} wrote:\n{quoted}\n"
    )


def register(source: Source) -> Sample:
    """What a registry office answers: identity numbers by name, some known by their form alone."""
    lines = [f"Extract of {lookalikes.moment(source)}, file {lookalikes.identifier(source)}"]
    for _ in range(source.random.randint(3, 8)):
        kind, identity = people.national_id(source)
        sign = source.pick((": ", " ", "=", " = "))
        lines.append(f"{source.pick((kind.spoken, kind.spoken, kind.field))}{sign}{identity}")
    _, distinct = people.national_id(source, is_distinct=True)
    lines.append(f"{source.fake.name()} ({distinct})")
    return text_sample("register", source.locale, "\n".join(lines))


def log(source: Source) -> Sample:
    def line() -> str:
        span = source.some("0123456789abcdef", 16)
        head = f"{lookalikes.moment(source)} {source.pick(('INFO', 'WARN', 'ERROR'))} [{span}]"
        encoded = people.email(source).replace("@", "%40")
        return (
            head
            + " "
            + source.pick(
                (
                    f"login ok user={people.email(source)} from={people.ip_address(source)}",
                    f'{people.ip_address(source)} - - "GET /users?email={encoded} HTTP/1.1" 200 5123',
                    f"dhcp lease {people.ip_address(source)} to {people.mac_address(source)}",
                    f"sms sent to {people.phone(source)} in {source.digits(3)} ms",
                    f"Authorization: Bearer {secrets.jwt(source)}",
                    f"connecting to {secrets.connection_string(source)}",
                    f"payment declined pan={people.payment_card(source)} code=05 trace={lookalikes.identifier(source)}",
                    f"deployed {lookalikes.lookalike(source)} after {lookalikes.lookalike(source)}",
                    f"job {lookalikes.identifier(source)} took {lookalikes.lookalike(source)}",
                )
            )
        )

    return text_sample("log", source.locale, "\n".join(line() for _ in range(source.random.randint(4, 12))))


def git_diff(source: Source) -> Sample:
    old, new = source.some("0123456789abcdef", 7), source.some("0123456789abcdef", 7)
    name, make = source.pick(_TOKENS)
    generic, secret = secrets.named_secret(source)
    text = (
        f"commit {lookalikes.digest(source)}\nAuthor: {source.fake.name()} <{people.email(source)}>\n"
        f"Date:   Tue Nov 4 09:12:44 2025 +0100\n\n    Bump to {lookalikes.lookalike(source)}\n\n"
        f"diff --git a/deploy/.env b/deploy/.env\nindex {old}..{new} 100644\n--- a/deploy/.env\n+++ b/deploy/.env\n"
        f"@@ -12,7 +12,8 @@ LOG_LEVEL=info\n BUILD={lookalikes.identifier(source)}\n"
        f"-{name}={make(source)}\n+{name}={make(source)}\n"
        f'+{generic}="{secret}"\n IMAGE={lookalikes.lookalike(source)}\n'
    )
    return text_sample("git diff", source.locale, text)


def trace(source: Source) -> Sample:
    word = source.some("abcdefghijklmnopqrstuvwxyz", 7)
    detail = source.pick(
        (
            f"duplicate key value violates unique constraint: Key (email)=({people.email(source)}) already exists.",
            f"could not connect to '{secrets.connection_string(source)}'",
            f"invalid phone '{people.phone(source)}'",
            f"401 for url: https://api.example.com/v1?key={secrets.gcp_key(source)}",
            f"cannot parse iban {people.iban(source)}",
            f"no route to host {people.ip_address(source)}:5432",
        )
    )
    text = (
        "Traceback (most recent call last):\n"
        f'  File "/app/{word}/service.py", line {source.digits(3)}, in handle\n    return self.{word}(order)\n'
        f'  File "/usr/lib/python3.13/site-packages/{word}/core.py", line 1288, in send\n    raise BadRequest(detail)\n'
        f"{word}.BadRequest: {detail}\n"
        f"  at 0x{source.some('0123456789abcdef', 12)} ({lookalikes.lookalike(source)})\n"
    )
    return text_sample("stack trace", source.locale, text)


def environment(source: Source) -> Sample:
    lines = ["# production", "LOG_LEVEL=info", f"RELEASE={lookalikes.lookalike(source)}"]
    for name, make in source.random.sample(_TOKENS, 5):
        quote = source.pick(("", '"', "'"))
        lines.append(f"{name}={quote}{make(source)}{quote}")
    name, secret = secrets.named_secret(source)
    lines += [f"{name}={secret}", f"CACHE_KEY={lookalikes.identifier(source)}"]
    return text_sample("env file", source.locale, "\n".join(lines) + "\n")


def yaml_config(source: Source) -> Sample:
    name, secret = secrets.named_secret(source)
    key = secrets.private_key(source).replace("\n", "\n      ")
    text = (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  uid: {source.fake.uuid4()}\n"
        f"  resourceVersion: '{source.digits(9)}'\nstringData:\n  {name}: {secret}\n"
        f"  slack: {source.pick((secrets.slack_token, secrets.slack_webhook))(source)}\n"
        f"  conn: {secrets.connection_string(source)}\n  tls.key: |\n      {key}\n"
        f"  image: {lookalikes.lookalike(source)}\n"
        f"  owner: {people.email(source)}\n  node: {people.ip_address(source)}\n"
    )
    return text_sample("yaml config", source.locale, text)


def code(source: Source) -> Sample:
    """Nearly all of it only looks like data."""
    lines = [f"# {lookalikes.lookalike(source)}" for _ in range(3)]
    lines += [f'CONST_{index} = "{lookalikes.lookalike(source)}"' for index in range(source.random.randint(4, 10))]
    lines += ["def area(points: list[float]) -> float:", "    return sum(points[0:3:1]) / 1_000_000_000", ""]
    if source.often(0.3):
        lines.append(f"client = Client(api_key='{source.pick((secrets.openai_key, secrets.anthropic_key))(source)}')")
    if source.often(0.3):
        lines.append(f"# maintainer: {people.email(source)}")
    return text_sample("code", source.locale, "\n".join(lines))


def lock_file(source: Source) -> Sample:
    """Nothing in it is data."""
    lines = [
        f"{lookalikes.lookalike(source)}  {lookalikes.identifier(source)}" for _ in range(source.random.randint(5, 20))
    ]
    return text_sample("identifiers", source.locale, "\n".join(lines))


_WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}


def _wide(marked: str) -> str:
    return marked.translate(_WIDE)


def _broken(marked: str) -> str:
    middle = len(marked) // 2
    return f"{marked[:middle]}\u200b{marked[middle:]}"


def disguised(source: Source) -> Sample:
    """The same values dressed up, as copied from a page or by one who knows that there is a filter."""
    card, account, ssn = people.payment_card(source), people.iban(source), people.us_ssn(source)
    address = people.email(source)
    lines = (
        f"card {_wide(card)}",
        f"ssn {_wide(ssn)}",
        f"card {_broken(card)}",
        f"iban {_broken(account)}",
        f"mail {address.replace('@', source.pick(('＠', '﹫')))}",
        f"mail {_broken(address)}",
        f"ssn {ssn.replace('-', source.pick(('\u2011', '\u2013', '\u00a0')))}",
        f"card {card.replace(' ', '\u00a0').replace('-', '\u2013')}",
        f"https://example.com/?to={address.replace('@', '%40')}",
    )
    return text_sample("disguised", source.locale, "\n".join(lines))
