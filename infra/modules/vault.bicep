// The vault: what upstream servers are opened with, the key of sealed ids, and the two keys that sign.

param location string
param tags object
param name string

@description('premium: the signing keys lie in a hardware module.')
@allowed(['standard', 'premium'])
param sku string

param sealKey string
param tokenKey string

@description('Ids of the custom roles (roles.bicep).')
param roles object

@description('Object id of the identity that the gateway uses.')
param gateway string

@description('Object ids of groups whose members verify seals.')
param verifiers array

@description('Object id of the group that writes secrets; empty for none.')
param secretKeepers string

@description('Addresses from which people reach it; none: from inside the network alone.')
param addresses array

@description('Id of the Log Analytics workspace.')
param workspace string

// Key Vault Secrets Officer
var officer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: sku
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Without the seal key's old versions no seal can be verified live, so nobody can purge them before their time.
    enablePurgeProtection: true
    publicNetworkAccess: empty(addresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'None'
      ipRules: [for address in addresses: {
        value: address
      }]
    }
  }
}

resource keys 'Microsoft.KeyVault/vaults/keys@2024-11-01' = [for key in [sealKey, tokenKey]: {
  parent: vault
  name: key
  properties: {
    kty: sku == 'premium' ? 'EC-HSM' : 'EC'
    curveName: 'P-256'
    keyOps: ['sign', 'verify']
    attributes: {
      enabled: true
      exportable: false
    }
  }
}]

resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, gateway, roles.secretReader)
  scope: vault
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.secretReader
  }
}

resource publicHalves 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, gateway, roles.keyReader)
  scope: vault
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.keyReader
  }
}

resource signing 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (key, number) in [sealKey, tokenKey]: {
  name: guid(vault.id, key, gateway, roles.signer)
  scope: keys[number]
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.signer
  }
}]

resource verifying 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for verifier in verifiers: {
  name: guid(vault.id, verifier, roles.keyReader)
  scope: vault
  properties: {
    principalId: verifier
    principalType: 'Group'
    roleDefinitionId: roles.keyReader
  }
}]

resource keeping 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(secretKeepers)) {
  name: guid(vault.id, secretKeepers, officer)
  scope: vault
  properties: {
    principalId: secretKeepers
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', officer)
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'vault-stays'
  scope: vault
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the key of the seals. Read docs/resources.md before you take this away.'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspace
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output url string = vault.properties.vaultUri
