// The custom roles: what no built-in role is narrow enough for. docs/resources.md has the same list, and a test
// compares the two.
targetScope = 'subscription'

@description('Part of the names, which are unique in a tenant.')
param suffix string

var definitions = [
  {
    name: 'Countersign evidence rows'
    description: 'Reads records and adds new ones; changes and deletes none.'
    dataActions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read'
      // Not entities/write, which would let rows be replaced.
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
    ]
  }
  {
    name: 'Countersign evidence blobs'
    description: 'Reads blobs and creates new ones; overwrites and deletes none.'
    dataActions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
      // Put Blob of a new name needs no more; blobs/write would let blobs be overwritten.
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
    ]
  }
  {
    name: 'Countersign evidence blobs, reading'
    description: 'Reads blobs.'
    dataActions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
    ]
  }
  {
    name: 'Countersign secrets, reading'
    description: 'Reads the content of secrets whose names it knows; lists and changes none.'
    dataActions: [
      'Microsoft.KeyVault/vaults/secrets/getSecret/action'
    ]
  }
  {
    name: 'Countersign keys, public halves'
    description: 'Reads the public halves of keys and their versions.'
    dataActions: [
      'Microsoft.KeyVault/vaults/keys/read'
    ]
  }
  {
    name: 'Countersign keys, signing'
    description: 'Signs with a key.'
    dataActions: [
      'Microsoft.KeyVault/vaults/keys/sign/action'
    ]
  }
]

resource roles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for definition in definitions: {
  name: guid(subscription().id, suffix, definition.name)
  properties: {
    roleName: '${definition.name} (${suffix})'
    description: definition.description
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: definition.dataActions
        notDataActions: []
      }
    ]
    assignableScopes: [subscription().id]
  }
}]

output ids object = {
  rows: roles[0].id
  blobs: roles[1].id
  blobReader: roles[2].id
  secretReader: roles[3].id
  keyReader: roles[4].id
  signer: roles[5].id
}
