// A domain of one's own, with a certificate that the platform renews. In DNS there must be, beforehand, a CNAME to the
// app's host name, and a TXT record "asuid.<domain>" with the app's verification id.

param location string
param tags object
param appName string
param plan string
param domain string

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

// Without TLS first: a certificate is issued only for a name that the app has. On a later deployment the name is
// without TLS until domain-tls.bicep gives it back, some seconds.
resource binding 'Microsoft.Web/sites/hostNameBindings@2024-11-01' = {
  parent: site
  name: domain
  properties: {
    siteName: appName
    hostNameType: 'Verified'
  }
}

resource certificate 'Microsoft.Web/certificates@2024-11-01' = {
  name: '${appName}-${domain}'
  location: location
  tags: tags
  properties: {
    serverFarmId: plan
    canonicalName: domain
  }
  dependsOn: [binding]
}

module tls 'domain-tls.bicep' = {
  name: 'domain-tls'
  params: {
    appName: appName
    domain: domain
    thumbprint: certificate.properties.thumbprint
  }
}
