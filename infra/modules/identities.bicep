// Who the app is: the host, which runs it, and the gateway, which is what it does. docs/resources.md says why two.

param location string
param tags object
param hostName string
param gatewayName string

resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: hostName
  location: location
  tags: tags
}

resource gateway 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: gatewayName
  location: location
  tags: tags
}

output hostId string = host.id
output hostClient string = host.properties.clientId
output hostPrincipal string = host.properties.principalId
output gatewayId string = gateway.id
output gatewayClient string = gateway.properties.clientId
output gatewayPrincipal string = gateway.properties.principalId
