// The gateway's registration in Entra ID. Whoever deploys it must be allowed to make app registrations.

extension microsoftGraphV1

param name string

@description('App ID URIs. Clients send the URL of a server as "resource", which Entra compares with these.')
param identifierUris array

@description('Where people come back to when they sign in to the pages.')
param redirectUri string

@description('Name of the scope that a user\'s token must carry.')
param scope string

@description('Client ids that users need not consent to, such as that of VS Code.')
param clients array

@description('Optional claims of access tokens. Add xms_act_fct and xms_sub_fct where agent identities call.')
param claims array

@description('Object id of the identity that the gateway uses; it stands in for a client secret.')
param gateway string

resource registration 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: name
  displayName: name
  signInAudience: 'AzureADMyOrg'
  identifierUris: identifierUris
  groupMembershipClaims: 'SecurityGroup'
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: guid(name, scope)
        value: scope
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Use MCP servers through Countersign'
        adminConsentDescription: 'Lets a client call MCP servers through the gateway in the name of the user.'
        userConsentDisplayName: 'Use MCP servers through Countersign'
        userConsentDescription: 'Lets a client call MCP servers through the gateway in your name.'
      }
    ]
    preAuthorizedApplications: [for client in clients: {
      appId: client
      delegatedPermissionIds: [guid(name, scope)]
    }]
  }
  appRoles: [
    {
      id: guid(name, 'Mcp.Call')
      value: 'Mcp.Call'
      allowedMemberTypes: ['Application']
      isEnabled: true
      displayName: 'Call MCP servers'
      description: 'For pipelines and agents; the policy says what they may call.'
    }
  ]
  optionalClaims: {
    accessToken: [for claim in claims: {
      name: claim
    }]
  }
  web: {
    redirectUris: [redirectUri]
  }
}

resource trust 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${registration.uniqueName}/gateway'
  audiences: ['api://AzureADTokenExchange']
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: gateway
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: registration.appId
}

output appId string = registration.appId
