// A second copy of the seals, in another region and under another lock: whoever owns the evidence account cannot
// replace both.

param location string
param tags object
param name string

@description('Ids of the custom roles (roles.bicep).')
param roles object

@description('Object id of the identity that the gateway uses.')
param gateway string

@description('Object ids of groups whose members verify.')
param readers array

@description('Addresses from which readers reach it; none: from inside the network alone.')
param readerAddresses array

param retentionDays int
param retentionLocked bool

@description('Id of the Log Analytics workspace.')
param workspace string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    publicNetworkAccess: empty(readerAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'None'
      ipRules: [for address in readerAddresses: {
        value: address
        action: 'Allow'
      }]
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 30
    }
  }
}

resource seals 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobService
  name: 'seals'
  properties: {
    publicAccess: 'None'
  }
}

resource retention 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (!retentionLocked) {
  parent: seals
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: retentionDays
    allowProtectedAppendWrites: false
  }
}

resource copying 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(seals.id, gateway, roles.blobs)
  scope: seals
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.blobs
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for reader in readers: {
  name: guid(seals.id, reader, roles.blobReader)
  scope: seals
  properties: {
    principalId: reader
    principalType: 'Group'
    roleDefinitionId: roles.blobReader
  }
}]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'evidence-stays'
  properties: {
    level: 'CanNotDelete'
    notes: 'Evidence. Read docs/resources.md before you take this away.'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: blobService
  properties: {
    workspaceId: workspace
    logs: [for category in ['StorageRead', 'StorageWrite', 'StorageDelete']: {
      category: category
      enabled: true
    }]
  }
}

output id string = account.id
output name string = account.name
output blob string = account.properties.primaryEndpoints.blob
