// The host's storage account: the app's package, the timers' leases, what Durable keeps, and the gateway's own state.

param location string
param tags object
param name string
param sku string

@description('Object id of the identity that the Functions host uses.')
param host string

@description('Object id of the identity that the gateway uses.')
param gateway string

@description('Object id of the group of operators; empty for none.')
param operators string

@description('Addresses from which operators reach the tables; none: from inside the network alone.')
param operatorAddresses array

var packages = 'packages'
var tables = ['pins', 'approvals', 'grants', 'proposals']

// Storage Blob Data Owner, Storage Queue Data Contributor, Storage Table Data Contributor: the host and Durable make
// containers, queues and tables of their own, under names that are theirs.
var tableContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var hostRoles = ['b7e6dc6d-f1e8-4753-8033-0f276bb0955b', '974c5e8b-45b9-4653-ba55-5f855dd0fb88', tableContributor]

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
    publicNetworkAccess: empty(operatorAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'None'
      ipRules: [for address in operatorAddresses: {
        value: address
        action: 'Allow'
      }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: packages
  properties: {
    publicAccess: 'None'
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource state 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [for table in tables: {
  parent: tableService
  name: table
}]

resource hosting 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in hostRoles: {
  name: guid(account.id, host, role)
  scope: account
  properties: {
    principalId: host
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource keeping 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (table, number) in tables: {
  name: guid(account.id, table, gateway, tableContributor)
  scope: state[number]
  properties: {
    principalId: gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableContributor)
  }
}]

resource operating 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (table, number) in (empty(operators) ? [] : tables): {
  name: guid(account.id, table, operators, tableContributor)
  scope: state[number]
  properties: {
    principalId: operators
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableContributor)
  }
}]

output id string = account.id
output name string = account.name
output blob string = account.properties.primaryEndpoints.blob
output queue string = account.properties.primaryEndpoints.queue
output table string = account.properties.primaryEndpoints.table
output packages string = '${account.properties.primaryEndpoints.blob}${packages}'
