"""How the rooms of one process are opened, from its settings."""

from typing import TYPE_CHECKING

from gateway.call import Rooms
from gateway.evidence.chain import Chains
from gateway.forward import open_client
from gateway.held_secrets import HeldSecrets
from gateway.identity_keys import IdentityKeys
from gateway.policy.source import PolicySource
from gateway.record import Recorder
from gateway.settings import Settings
from gateway.storage.tables import open_table
from gateway.values import Secret

if TYPE_CHECKING:
    from gateway.storage.vault import Vault


def open_rooms(settings: Settings) -> Rooms:
    """The rooms, with one HTTP client, one table client and one vault client for the life of the process.

    Must run in the event loop that serves the calls.
    """
    client = open_client()
    return Rooms(
        settings=settings,
        keys=IdentityKeys(client, settings.authority),
        policy=PolicySource(settings.policy),
        recorder=Recorder(Chains(open_table(settings.evidence, settings.evidence_table, settings.identity))),
        secrets=HeldSecrets(_LazyVault(settings).read if settings.key_vault else None),
        client=client,
    )


class _LazyVault:
    """Opens the vault on the first secret: its packages take 0.3 s that a first refusal need not wait for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vault: Vault | None = None

    async def read(self, name: str) -> Secret:
        if self._vault is None:
            from gateway.storage.vault import Vault  # noqa: PLC0415 - see the class

            self._vault = Vault(self._settings.key_vault, self._settings.identity)
        return await self._vault.read(name)
