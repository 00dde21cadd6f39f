// Durable Task Scheduler, for those who do not want approvals to lie in the host's storage account.

param location string
param tags object
param name string
param hub string

@description('Object id of the identity that the Functions host uses.')
param host string

@description('Client id of that identity.')
param hostClient string

// Durable Task Data Contributor
var contributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'Consumption'
    }
    // It has no private endpoint here: Entra tokens alone open it.
    ipAllowlist: ['0.0.0.0/0']
  }
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: hub
}

resource running 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(taskHub.id, host, contributor)
  scope: taskHub
  properties: {
    principalId: host
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributor)
  }
}

output connection string = 'Endpoint=${scheduler.properties.endpoint};Authentication=ManagedIdentity;ClientID=${hostClient}'
