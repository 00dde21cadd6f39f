// One private endpoint: a service of one resource gets an address in the network, under its usual name.

param location string
param tags object
param name string
param subnet string

@description('Id of the resource that is reached.')
param target string

@description('Which of its services: blob, queue, table or vault.')
param service string

@description('Name of the private DNS zone of that service, in this resource group.')
param zoneName string

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: zoneName
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnet
    }
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: target
          groupIds: [service]
        }
      }
    ]
  }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: {
          privateDnsZoneId: zone.id
        }
      }
    ]
  }
}
