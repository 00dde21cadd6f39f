"""The managed identity that this app is on Azure; locally devhost plays the endpoint that answers for it."""

from azure.identity.aio import ManagedIdentityCredential


def managed_identity(client_id: str) -> ManagedIdentityCredential:
    """The user-assigned identity of that client id, or the system-assigned one if it is empty.

    Managed identity alone: no environment secret, no developer's sign-in is ever tried.
    """
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()
