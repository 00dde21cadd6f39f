// Where logs go, and who may send them: Entra tokens alone, no instrumentation key.

param location string
param tags object
param workspaceName string
param insightsName string

@description('Days that logs are kept. They are no evidence; the records are.')
param days int

@description('Object id of the identity that sends telemetry.')
param sender string

// Monitoring Metrics Publisher
var publisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: days
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
    // No sampling at ingestion either: an alert must see every event.
    SamplingPercentage: 100
  }
}

resource sending 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, sender, publisher)
  scope: insights
  properties: {
    principalId: sender
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', publisher)
  }
}

output workspace string = workspace.id
output connection string = insights.properties.ConnectionString
