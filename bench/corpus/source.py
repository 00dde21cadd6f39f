"""Where values come from: one seeded source for chance, and names, addresses and words of many countries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from faker import Faker

LOCALES = (
    *(
        "en_US",
        "en_GB",
        "en_CA",
        "en_AU",
        "en_IN",
        "de_DE",
        "de_AT",
        "de_CH",
        "fr_FR",
        "es_ES",
        "es_MX",
        "it_IT",
        "nl_NL",
    ),
    *("sv_SE", "no_NO", "da_DK", "fi_FI", "pl_PL", "cs_CZ", "pt_BR", "pt_PT", "ro_RO", "hr_HR", "bg_BG", "el_GR"),
    *("tr_TR", "he_IL", "hi_IN", "ja_JP", "ko_KR", "zh_CN", "uk_UA"),
)


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


@dataclass(frozen=True, slots=True)
class Source:
    random: Random
    locale: str
    fake: Faker

    def pick[T](self, items: Sequence[T]) -> T:
        return self.random.choice(items)

    def some(self, alphabet: str, count: int) -> str:
        return "".join(self.random.choices(alphabet, k=count))

    def digits(self, count: int) -> str:
        return self.some("0123456789", count)

    def often(self, share: float) -> bool:
        return self.random.random() < share


def source(random: Random, locales: tuple[str, ...] = LOCALES) -> Source:
    """A source of the next locale; all that it yields follows from the state of `random`."""
    locale = random.choice(locales)
    fake = _faker(locale)
    fake.seed_instance(random.getrandbits(32))
    return Source(random, locale, fake)
