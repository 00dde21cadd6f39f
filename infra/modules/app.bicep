// The function app, on Flex Consumption, and every setting that it reads.

param location string
param tags object
param planName string
param name string
param subnet string

@description('Ids and client ids of the two identities.')
param identities object

@description('Blob URL of the container of packages.')
param packages string

@allowed([512, 2048, 4096])
param instanceMemory int

param maximumInstances int
param alwaysReadyHttp int
param alwaysReadyDurable int
param httpConcurrency int

@description('App settings by name.')
param settings object

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // azd finds the app by this tag.
  tags: union(tags, { 'azd-service-name': 'gateway' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identities.hostId}': {}
      '${identities.gatewayId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: subnet
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identities.hostId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        // Durable is a scale group of its own: without an instance that waits, an approval goes on only when the
        // platform looks.
        alwaysReady: filter([
          {
            name: 'http'
            instanceCount: alwaysReadyHttp
          }
          {
            name: 'durable'
            instanceCount: alwaysReadyDurable
          }
        ], group => group.instanceCount > 0)
        triggers: {
          http: {
            // For Python it is 1 where nothing is said, so that each call under way would hold an instance.
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: settings
}

resource noPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [for door in ['scm', 'ftp']: {
  parent: site
  name: door
  properties: {
    allow: false
  }
}]

output name string = site.name
output host string = site.properties.defaultHostName
output plan string = plan.id
output verification string = site.properties.customDomainVerificationId
