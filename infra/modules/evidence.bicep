// The evidence: a storage account that nobody has a key to, in a resource group of its own, where the gateway can read
// and add, and nothing else. A table cannot be made immutable; docs/resources.md says what stands in for that.

param location string
param tags object
param name string
param sku string
param table string

@description('Ids of the custom roles (roles.bicep).')
param roles object

@description('Object id of the identity that the gateway uses.')
param gateway string

@description('Object ids of groups whose members read the evidence; that they read it is a record, so they add too.')
param readers array

@description('Addresses from which readers reach it; none: from inside the network alone.')
param readerAddresses array

@description('Days for which no blob can be changed or deleted by anybody.')
param retentionDays int

@description('The retention was locked by hand: a locked policy cannot be deployed again, and is left as it is.')
param retentionLocked bool

@description('A payload is deleted when its retention is over.')
param deletePayloads bool

@description('Id of the Log Analytics workspace.')
param workspace string

// In this order: below, stores[0] is that of the seals.
var containers = ['seals', 'payloads', 'policies']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
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

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource rows 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = {
  parent: tableService
  name: table
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

resource stores 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [for container in containers: {
  parent: blobService
  name: container
  properties: {
    publicAccess: 'None'
  }
}]

// On the container and not on versions: every blob is created once, so there are no versions to protect, and changes
// of a container's policy are in its own log. It begins unlocked; locking is an action and no property.
resource retention 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = [for (container, number) in (retentionLocked ? [] : containers): {
  parent: stores[number]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: retentionDays
    allowProtectedAppendWrites: false
  }
}]

resource ending 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = if (deletePayloads) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'payloads-after-their-retention'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['payloads/2']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterCreationGreaterThan: retentionDays
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [stores]
}

resource recording 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(rows.id, gateway, roles.rows)
  scope: rows
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.rows
  }
}

resource sealing 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (container, number) in containers: {
  name: guid(account.id, container, gateway, roles.blobs)
  scope: stores[number]
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: roles.blobs
  }
}]

resource readingRows 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for reader in readers: {
  name: guid(rows.id, reader, roles.rows)
  scope: rows
  properties: {
    principalId: reader
    principalType: 'Group'
    roleDefinitionId: roles.rows
  }
}]

resource readingSeals 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for reader in readers: {
  name: guid(account.id, 'seals', reader, roles.blobReader)
  scope: stores[0]
  properties: {
    principalId: reader
    principalType: 'Group'
    roleDefinitionId: roles.blobReader
  }
}]

resource readingPayloads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for reader in readers: {
  name: guid(account.id, 'payloads', reader, roles.blobReader)
  scope: stores[1]
  properties: {
    principalId: reader
    principalType: 'Group'
    roleDefinitionId: roles.blobReader
  }
}]

resource readingPolicies 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for reader in readers: {
  name: guid(account.id, 'policies', reader, roles.blobReader)
  scope: stores[2]
  properties: {
    principalId: reader
    principalType: 'Group'
    roleDefinitionId: roles.blobReader
  }
}]

// On the whole resource group: the account, its table, its containers and these role assignments.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'evidence-stays'
  properties: {
    level: 'CanNotDelete'
    notes: 'Evidence. Read docs/resources.md before you take this away.'
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: tableService
  properties: {
    workspaceId: workspace
    logs: [for category in ['StorageRead', 'StorageWrite', 'StorageDelete']: {
      category: category
      enabled: true
    }]
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
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
output table string = account.properties.primaryEndpoints.table
output blob string = account.properties.primaryEndpoints.blob
