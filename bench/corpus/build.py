"""The corpus: as many samples as asked for, all that is random following from one seed."""

from random import Random

from bench.corpus import records, texts
from bench.corpus.marks import Sample
from bench.corpus.source import LOCALES, source

SHAPES = (
    *(
        records.customer,
        records.identities,
        records.payment,
        records.sign_in,
        records.settings,
        records.csv_table,
        records.markdown_table,
    ),
    *(records.sql_output, records.sql_dump, texts.mail, texts.register, texts.log, texts.git_diff, texts.trace),
    *(texts.environment, texts.yaml_config, texts.code, texts.lock_file),
)


def corpus(seed: int, size: int, locales: tuple[str, ...] = LOCALES) -> list[Sample]:
    """The samples, every shape as often as the others."""
    random = Random(seed)
    return [SHAPES[index % len(SHAPES)](source(random, locales)) for index in range(size)]


def disguises(seed: int, size: int) -> list[Sample]:
    """Values dressed up against a filter."""
    random = Random(seed)
    return [texts.disguised(source(random)) for _ in range(size)]
