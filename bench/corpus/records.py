"""Tool results as systems write them: JSON of a CRM, payments and sign-ins, CSV, Markdown and SQL tables."""

import csv
import io

from bench.corpus import lookalikes, people, secrets
from bench.corpus.marks import Sample, json_sample, number, plain, text_sample
from bench.corpus.source import Source


def customer(source: Source) -> Sample:
    kind, identity = people.national_id(source)
    fake = source.fake
    record = {
        "id": lookalikes.identifier(source),
        "name": fake.name(),
        "email": people.email(source),
        "phone": source.pick((people.phone, people.phone_national))(source),
        "dateOfBirth": people.date_of_birth(source),
        "address": people.postal_address(source),
        kind.field: identity,
        "passport_number": people.passport(source),
        "company": fake.company(),
        "createdAt": lookalikes.moment(source),
        "score": round(source.random.uniform(0, 1), source.random.randint(2, 16)),
        "visits": source.random.randint(0, 99999),
        "isActive": source.often(0.5),
        "notes": f"Prefers {people.email(source)}; order {lookalikes.lookalike(source)}.",
    }
    kept = {key: item for key, item in record.items() if key in ("id", "name") or source.often(0.7)}
    return json_sample("crm json", source.locale, {"customers": [kept], "total": 1}, source.pick((None, 2)))


def identities(source: Source) -> Sample:
    """Identity numbers as fields of records; where one is all digits, now and then a number of JSON."""
    rows = []
    for _ in range(source.random.randint(2, 6)):
        kind, identity = people.national_id(source)
        digits = plain(identity)
        is_number = digits.isdecimal() and digits[0] != "0" and source.often(0.3)
        rows.append(
            {
                "id": source.random.randint(1, 10**6),
                "name": source.fake.name(),
                kind.field: number(identity) if is_number else identity,
                "reference": lookalikes.identifier(source),
                "amount": round(source.random.uniform(1, 10**6), 2),
            }
        )
    return json_sample("identity json", source.locale, {"people": rows})


def payment(source: Source) -> Sample:
    card = people.payment_card(source)
    as_number = plain(card).isdigit() and source.often(0.5)
    record = {
        "paymentId": lookalikes.identifier(source),
        "amount": round(source.random.uniform(1, 9999), 2),
        "currency": "EUR",
        "card": {"number": number(card) if as_number else card, "exp": "11/29", "brand": "visa"},
        "debtor": {"iban": people.iban(source), "holder": source.fake.name(), "bic": "COBADEFFXXX"},
        "taxpayer": {
            "ssn": source.pick((people.us_ssn(source), people.us_ssn(source, ""), people.us_ssn(source, " ")))
        },
        "capturedAt": lookalikes.moment(source),
        "trace": lookalikes.lookalike(source),
    }
    return json_sample("payment json", source.locale, record, source.pick((None, 4)))


def sign_in(source: Source) -> Sample:
    rows = [
        {
            "correlationId": lookalikes.identifier(source),
            "user": people.email(source),
            "ip": people.ip_address(source),
            "device": {
                "mac": people.mac_address(source),
                "os": "Windows 10.0.19045.3930",
                "hostname": f"LAP-{source.digits(5)}",
            },
            "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.6099.109",
            "at": lookalikes.moment(source),
        }
        for _ in range(source.random.randint(1, 4))
    ]
    return json_sample("sign-in json", source.locale, rows)


def settings(source: Source) -> Sample:
    name, secret = secrets.named_secret(source)
    value = {
        "version": "3.1.4",
        "storage": {
            "accountName": "exports",
            "accountKey": source.pick((secrets.azure_key, secrets.azure_key_unsigned))(source),
            "url": secrets.azure_sas(source),
        },
        "database": {"url": secrets.connection_string(source), "pool": 20},
        "aws": {
            "accessKeyId": secrets.aws_id(source),
            "secretAccessKey": secrets.aws_secret(source),
            "region": "eu-west-1",
        },
        "entra": {"tenant": str(source.fake.uuid4()), "clientSecret": secrets.entra_secret(source)},
        "services": {"openai": secrets.openai_key(source), "maps": secrets.gcp_key(source), name: secret},
        "tls": {"privateKey": secrets.private_key(source), "fingerprint": lookalikes.digest(source)},
    }
    kept = {key: item for key, item in value.items() if key == "version" or source.often(0.5)}
    return json_sample("settings json", source.locale, kept, 2)


_COLUMNS = {
    "id": lookalikes.identifier,
    "name": lambda source: source.fake.name(),
    "email": people.email,
    "phone": people.phone,
    "mobile": people.phone_national,
    "iban": people.iban,
    "card_number": people.payment_card,
    "ssn": people.us_ssn,
    "dob": people.date_of_birth,
    "address": lambda source: people.postal_address(source).replace("\n", ", "),
    "last_ip": people.ip_address,
    "passport_no": people.passport,
    "updated_at": lookalikes.moment,
    "ref": lookalikes.lookalike,
}


def _rows(source: Source) -> tuple[list[str], list[list[str]]]:
    header = source.random.sample(sorted(_COLUMNS), source.random.randint(4, 8))
    count = source.random.randint(2, 8)
    return header, [[_COLUMNS[name](source) for name in header] for _ in range(count)]


def csv_table(source: Source) -> Sample:
    header, rows = _rows(source)
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter=source.pick((",", ";", "\t")), lineterminator="\n")
    writer.writerows([header, *rows])
    return text_sample("csv", source.locale, sheet.getvalue())


def markdown_table(source: Source) -> Sample:
    header, rows = _rows(source)
    titles = [name.replace("_", " ").title() for name in header]
    lines = [titles, ["---"] * len(header), *([cell.replace("|", "/") for cell in row] for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text_sample("markdown table", source.locale, f"Found {len(rows)} rows:\n\n{table}\n")


def sql_output(source: Source) -> Sample:
    header, rows = _rows(source)
    widths = [max(len(plain(cell)) for cell in column) for column in zip(header, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        return "|".join(
            f" {cell}{' ' * (width - len(plain(cell)))} " for cell, width in zip(cells, widths, strict=True)
        )

    ruler = "+".join("-" * (width + 2) for width in widths)
    body = "\n".join([line(header), ruler, *map(line, rows)])
    return text_sample("sql output", source.locale, f"{body}\n({len(rows)} rows)\n\nTime: 12.402 ms\n")


def sql_dump(source: Source) -> Sample:
    header, rows = _rows(source)
    values = ",\n  ".join("(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows)
    return text_sample("sql dump", source.locale, f"INSERT INTO customers ({', '.join(header)}) VALUES\n  {values};\n")
