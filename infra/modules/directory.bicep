// What the gateway may ask Microsoft Graph. Whoever deploys it must be allowed to grant application permissions.

extension microsoftGraphV1

@description('Object id of the identity that the gateway uses.')
param gateway string

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource asking 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for permission in ['GroupMember.Read.All', 'User.ReadBasic.All']: {
  principalId: gateway
  resourceId: graph.id
  appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
}]
