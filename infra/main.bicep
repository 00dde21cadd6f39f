// Countersign in one subscription: the app in one resource group, its evidence in another, and, where asked for, a
// copy of the seals in a third. docs/resources.md says what each resource is for and who can do what to it.
targetScope = 'subscription'

@description('Name of the environment; part of all names.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Region of the app and its evidence.')
param location string

@description('Accepted "aud" of tokens: the application id of the gateway\'s registration and its App ID URIs, with commas between. Left out where registerApplication is true.')
param audience string = ''

@description('Entra tenants whose tokens are believed, with commas between.')
param tenants string = tenant().tenantId

@description('Scope that a user\'s token must carry.')
param scope string = 'mcp.access'

@description('Browser origins that may call, with commas between.')
param origins string = ''

@description('Base URL of an OpenTelemetry collector (OTLP over HTTP); empty: traces and numbers go nowhere.')
param collector string = ''

@description('Path of the policy in the package; the first one, where it says how it is changed.')
param policy string = 'policy.yaml'

@description('A domain of one\'s own. Deploy without it first: its DNS records need what that deployment puts out.')
param customDomain string = ''

@description('Makes the registration in Entra ID; the deployer must be allowed to.')
param registerApplication bool = false

@description('App ID URIs of that registration; api://<tenant>/<app> where none are given.')
param applicationIdUris array = []

@description('Client ids that users need not consent to.')
param preauthorizedClients array = []

@description('Optional claims of that registration.')
param optionalClaims array = ['idtyp', 'sid']

@description('Grants GroupMember.Read.All and User.ReadBasic.All of Microsoft Graph; the deployer must be allowed to.')
param grantDirectoryRead bool = false

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Most instances at once.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Instances that always wait for calls; 0 costs nothing, and the first call some seconds.')
param alwaysReadyHttp int = 1

@description('Instances that always wait for approvals to go on.')
param alwaysReadyDurable int = 1

@description('Calls that one instance serves at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

@description('Approvals and grants lie in Durable Task Scheduler and not in the host\'s storage account. There is no way back or forth for what is under way.')
param durableTaskScheduler bool = false

@description('Address range of the network, /24 or larger.')
param networkAddresses string = '10.60.0.0/24'

@description('Public IPv4 addresses or ranges from which operators, auditors and keepers of secrets reach the stores and the vault. None: from inside the network alone.')
param peopleAddresses array = []

@description('Object id of the Entra group of operators, or empty.')
param operatorsGroup string = ''

@description('Object id of the Entra group of auditors, or empty.')
param auditorsGroup string = ''

@description('Object id of the Entra group that writes secrets into the vault, or empty.')
param secretKeepersGroup string = ''

@description('Mail addresses that alerts go to.')
param alertAddresses array = []

@description('Replication of the storage account of the host.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param hostReplication string = 'Standard_ZRS'

@description('Replication of the storage account of the evidence.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param evidenceReplication string = 'Standard_ZRS'

@description('Name of the table of evidence.')
param evidenceTable string = 'evidence'

@description('Days for which seals, payloads and versions of the policy can be changed or deleted by nobody, once the policy is locked.')
@minValue(1)
@maxValue(146000)
param retentionDays int = 365

@description('Set to true once you have locked the retention policies: a locked policy cannot be deployed again.')
param retentionLocked bool = false

@description('Deletes a payload when its retention is over. Records and seals stay.')
param deletePayloads bool = false

@description('Region of a second copy of the seals; empty for none.')
param sealCopyLocation string = ''

@description('premium: the signing keys lie in a hardware module.')
@allowed(['standard', 'premium'])
param vaultSku string = 'standard'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 90

var token = toLower(uniqueString(subscription().id, environmentName, location))
var suffix = '${environmentName}-${token}'
var tags = { 'azd-env-name': environmentName }
var appName = 'func-countersign-${token}'
var defaultUrl = 'https://${appName}.azurewebsites.net'
var url = empty(customDomain) ? defaultUrl : 'https://${customDomain}'
var hasCopy = !empty(sealCopyLocation)
var hub = 'countersign'
var secretName = 'session-key'
var tokenKey = 'session-token'
var sealKey = 'evidence-seal'
var identifierUris = empty(applicationIdUris) ? ['api://${tenant().tenantId}/${appName}'] : applicationIdUris
var uris = join(identifierUris, ',')
var verifiers = filter([auditorsGroup, operatorsGroup], group => !empty(group))
var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink.vaultcore.azure.net'
}

resource appGroup 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

resource evidenceGroup 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}-evidence'
  location: location
  tags: tags
}

resource copyGroup 'Microsoft.Resources/resourceGroups@2024-11-01' = if (hasCopy) {
  name: 'rg-${environmentName}-seals'
  location: hasCopy ? sealCopyLocation : location
  tags: tags
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    suffix: suffix
  }
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: appGroup
  params: {
    location: location
    tags: tags
    hostName: 'id-host-${suffix}'
    gatewayName: 'id-gateway-${suffix}'
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: appGroup
  params: {
    location: location
    tags: tags
    workspaceName: 'log-${suffix}'
    insightsName: 'appi-${suffix}'
    days: logDays
    sender: identities.outputs.hostPrincipal
  }
}

module network 'modules/network.bicep' = {
  name: 'network'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'vnet-${suffix}'
    addresses: networkAddresses
    zones: [zones.blob, zones.queue, zones.table, zones.vault]
  }
}

module host 'modules/host.bicep' = {
  name: 'host'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'sthost${token}'
    sku: hostReplication
    host: identities.outputs.hostPrincipal
    gateway: identities.outputs.gatewayPrincipal
    operators: operatorsGroup
    operatorAddresses: peopleAddresses
  }
}

module evidence 'modules/evidence.bicep' = {
  name: 'evidence'
  scope: evidenceGroup
  params: {
    location: location
    tags: tags
    name: 'stevidence${token}'
    sku: evidenceReplication
    table: evidenceTable
    roles: roles.outputs.ids
    gateway: identities.outputs.gatewayPrincipal
    readers: verifiers
    readerAddresses: peopleAddresses
    retentionDays: retentionDays
    retentionLocked: retentionLocked
    deletePayloads: deletePayloads
    workspace: monitoring.outputs.workspace
  }
}

module sealCopy 'modules/sealcopy.bicep' = if (hasCopy) {
  name: 'seal-copy'
  scope: copyGroup
  params: {
    location: sealCopyLocation
    tags: tags
    name: 'stseals${token}'
    roles: roles.outputs.ids
    gateway: identities.outputs.gatewayPrincipal
    readers: verifiers
    readerAddresses: peopleAddresses
    retentionDays: retentionDays
    retentionLocked: retentionLocked
    workspace: monitoring.outputs.workspace
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'kv-${token}'
    sku: vaultSku
    sealKey: sealKey
    tokenKey: tokenKey
    roles: roles.outputs.ids
    gateway: identities.outputs.gatewayPrincipal
    verifiers: verifiers
    secretKeepers: secretKeepersGroup
    addresses: peopleAddresses
    workspace: monitoring.outputs.workspace
  }
}

module hostEndpoints 'modules/endpoint.bicep' = [for service in ['blob', 'queue', 'table']: {
  name: 'endpoint-host-${service}'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'pe-host-${service}-${suffix}'
    subnet: network.outputs.endpointSubnet
    target: host.outputs.id
    service: service
    zoneName: zones[service]
  }
}]

module evidenceEndpoints 'modules/endpoint.bicep' = [for service in ['blob', 'table']: {
  name: 'endpoint-evidence-${service}'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'pe-evidence-${service}-${suffix}'
    subnet: network.outputs.endpointSubnet
    target: evidence.outputs.id
    service: service
    zoneName: zones[service]
  }
}]

module sealCopyEndpoint 'modules/endpoint.bicep' = if (hasCopy) {
  name: 'endpoint-seals-blob'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'pe-seals-blob-${suffix}'
    subnet: network.outputs.endpointSubnet
    target: sealCopy!.outputs.id
    service: 'blob'
    zoneName: zones.blob
  }
}

module vaultEndpoint 'modules/endpoint.bicep' = {
  name: 'endpoint-vault'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'pe-vault-${suffix}'
    subnet: network.outputs.endpointSubnet
    target: vault.outputs.id
    service: 'vault'
    zoneName: zones.vault
  }
}

module registration 'modules/registration.bicep' = if (registerApplication) {
  name: 'registration'
  scope: appGroup
  params: {
    name: appName
    identifierUris: identifierUris
    redirectUri: '${url}/sign-in/callback'
    scope: scope
    clients: preauthorizedClients
    claims: optionalClaims
    gateway: identities.outputs.gatewayPrincipal
  }
}

module directory 'modules/directory.bicep' = if (grantDirectoryRead) {
  name: 'directory'
  scope: appGroup
  params: {
    gateway: identities.outputs.gatewayPrincipal
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableTaskScheduler) {
  name: 'scheduler'
  scope: appGroup
  params: {
    location: location
    tags: tags
    name: 'dts-${token}'
    hub: hub
    host: identities.outputs.hostPrincipal
    hostClient: identities.outputs.hostClient
  }
}

// host.json names the Azure Storage provider; these settings stand above it.
var schedulerSettings = durableTaskScheduler ? {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: scheduler!.outputs.connection
} : {}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: appGroup
  params: {
    location: location
    tags: tags
    planName: 'plan-${suffix}'
    name: appName
    subnet: network.outputs.appSubnet
    identities: {
      hostId: identities.outputs.hostId
      gatewayId: identities.outputs.gatewayId
    }
    packages: host.outputs.packages
    instanceMemory: instanceMemory
    maximumInstances: maximumInstances
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyDurable: alwaysReadyDurable
    httpConcurrency: httpConcurrency
    settings: union(schedulerSettings, {
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identities.outputs.hostClient
      AzureWebJobsStorage__blobServiceUri: host.outputs.blob
      AzureWebJobsStorage__queueServiceUri: host.outputs.queue
      AzureWebJobsStorage__tableServiceUri: host.outputs.table
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connection
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identities.outputs.hostClient}'
      COUNTERSIGN_URL: url
      COUNTERSIGN_POLICY: policy
      COUNTERSIGN_TENANTS: tenants
      COUNTERSIGN_AUDIENCE: registerApplication ? '${registration!.outputs.appId},${uris}' : audience
      COUNTERSIGN_SCOPE: scope
      COUNTERSIGN_AUTHORITY: environment().authentication.loginEndpoint
      COUNTERSIGN_GRAPH: 'https://graph.microsoft.com'
      COUNTERSIGN_KEY_VAULT: vault.outputs.url
      COUNTERSIGN_SESSION_KEY: secretName
      COUNTERSIGN_TOKEN_KEY: tokenKey
      COUNTERSIGN_EVIDENCE: evidence.outputs.table
      COUNTERSIGN_EVIDENCE_TABLE: evidenceTable
      COUNTERSIGN_EVIDENCE_BLOBS: evidence.outputs.blob
      COUNTERSIGN_SEAL_KEY: sealKey
      COUNTERSIGN_SEAL_COPY: hasCopy ? sealCopy!.outputs.blob : ''
      COUNTERSIGN_STATE: host.outputs.table
      COUNTERSIGN_IDENTITY: identities.outputs.gatewayClient
      COUNTERSIGN_ORIGINS: origins
      OTEL_EXPORTER_OTLP_ENDPOINT: collector
    })
  }
  // The app does not start before it finds its stores.
  dependsOn: [hostEndpoints, evidenceEndpoints, vaultEndpoint]
}

module domain 'modules/domain.bicep' = if (!empty(customDomain)) {
  name: 'domain'
  scope: appGroup
  params: {
    location: location
    tags: tags
    appName: app.outputs.name
    plan: app.outputs.plan
    domain: customDomain
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: appGroup
  params: {
    location: location
    tags: tags
    suffix: suffix
    workspace: monitoring.outputs.workspace
    addresses: alertAddresses
    evidenceAccounts: hasCopy ? [evidence.outputs.name, sealCopy!.outputs.name] : [evidence.outputs.name]
    watched: hasCopy ? [evidenceGroup.id, copyGroup.id, vault.outputs.id] : [evidenceGroup.id, vault.outputs.id]
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = appGroup.name
output AZURE_FUNCTION_NAME string = app.outputs.name
output DOMAIN_CNAME string = app.outputs.host
output DOMAIN_VERIFICATION string = app.outputs.verification
output EVIDENCE_RESOURCE_GROUP string = evidenceGroup.name
output EVIDENCE_ACCOUNT string = evidence.outputs.name
output GATEWAY_PRINCIPAL string = identities.outputs.gatewayPrincipal
// What the command line reads: `azd env get-values` prints them.
output COUNTERSIGN_URL string = url
output COUNTERSIGN_TENANTS string = tenants
output COUNTERSIGN_AUDIENCE string = registerApplication ? '${registration!.outputs.appId},${uris}' : audience
output COUNTERSIGN_KEY_VAULT string = vault.outputs.url
output COUNTERSIGN_SESSION_KEY string = secretName
output COUNTERSIGN_SEAL_KEY string = sealKey
output COUNTERSIGN_EVIDENCE string = evidence.outputs.table
output COUNTERSIGN_EVIDENCE_TABLE string = evidenceTable
output COUNTERSIGN_EVIDENCE_BLOBS string = evidence.outputs.blob
output COUNTERSIGN_SEAL_COPY string = hasCopy ? sealCopy!.outputs.blob : ''
output COUNTERSIGN_STATE string = host.outputs.table
