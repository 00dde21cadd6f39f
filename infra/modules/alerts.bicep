// What wakes somebody up. The ids are those that the gateway logs; a test holds the two together.

param location string
param tags object
param suffix string

@description('Id of the Log Analytics workspace.')
param workspace string

@description('Mail addresses that are told; none: alerts show in the portal alone.')
param addresses array

@description('Names of the storage accounts that hold evidence.')
param evidenceAccounts array

@description('Ids of what holds evidence or its keys: new roles, deleted locks and changed accounts there are told.')
param watched array

var names = join(evidenceAccounts, '", "')
var accounts = '"${names}"'

var rules = [
  {
    name: 'seal-failed'
    severity: 1
    description: 'A seal could not be written. One alone loses nothing; records without a seal are not proven.'
    query: 'AppTraces | where Message startswith "countersign.seal_failed"'
    window: 'PT15M'
  }
  {
    name: 'no-seal'
    severity: 1
    description: 'No seal for half an hour, and no word why: does the timer run?'
    query: 'AppTraces | where Message startswith "countersign.seal_written" | summarize seals = count() | where seals == 0'
    window: 'PT30M'
  }
  {
    name: 'verification-failed'
    severity: 0
    description: 'Evidence is not what was sealed, or could not be verified (AU-9).'
    query: 'AppTraces | where Message startswith "countersign.verification_failed"'
    window: 'PT15M'
  }
  {
    name: 'no-verification'
    severity: 2
    description: 'No verification has found everything whole for three hours.'
    query: 'AppTraces | where Message startswith "countersign.verified" | summarize runs = count() | where runs == 0'
    window: 'PT3H'
  }
  {
    name: 'seal-copy-failed'
    severity: 2
    description: 'The second account has no copy of a seal; the seal itself is written.'
    query: 'AppTraces | where Message startswith "countersign.seal_copy_failed"'
    window: 'PT15M'
  }
  {
    name: 'alarm-not-sent'
    severity: 2
    description: 'The gateway had something to tell its operators, and could not.'
    query: 'AppTraces | where Message startswith "countersign.alarm_not_sent"'
    window: 'PT15M'
  }
  {
    name: 'spill'
    severity: 1
    description: 'Outcomes wait in memory, because the store does not take them (AU-5).'
    query: 'AppTraces | where Message startswith "countersign.spill " and SeverityLevel >= 3'
    window: 'PT5M'
  }
  {
    name: 'policy-rejected'
    severity: 2
    description: 'A new policy was refused; the one before is still in force.'
    query: 'AppTraces | where Message startswith "countersign.policy_rejected" or Message startswith "countersign.policy_change_unrecorded"'
    window: 'PT15M'
  }
  {
    name: 'policy-change-failed'
    severity: 2
    description: 'People may have agreed on a policy that is not in force: a store or the vault does not answer, or a version is not proven.'
    query: 'AppTraces | where Message startswith "countersign.policy_change_failed"'
    window: 'PT15M'
  }
  {
    name: 'server-errors'
    severity: 2
    description: 'More than five answers with a status of 500 or above, or a fault that no room expected.'
    query: 'union (AppRequests | where toint(ResultCode) >= 500), (AppTraces | where Message startswith "countersign.internal_error" or Message startswith "countersign.page_error") | summarize faults = count() | where faults > 5'
    window: 'PT15M'
  }
  {
    name: 'misconfigured'
    severity: 1
    description: 'The app refuses to serve: a setting is missing or unsafe, or the key of session tokens does not answer.'
    query: 'AppTraces | where Message startswith "countersign.settings" or Message startswith "countersign.signing_key"'
    window: 'PT15M'
  }
  {
    name: 'evidence-attempt'
    severity: 1
    description: 'Somebody tried to change or delete evidence and was refused. The probe of "doctor" does so too.'
    query: 'union StorageTableLogs, StorageBlobLogs | where AccountName in (${accounts}) | where Category in ("StorageWrite", "StorageDelete") | where toint(StatusCode) == 403 or StatusText startswith "BlobImmutable"'
    window: 'PT15M'
  }
  {
    name: 'evidence-changed'
    severity: 0
    description: 'Rows of the evidence were changed or deleted. The gateway has no right to.'
    query: 'StorageTableLogs | where AccountName in (${accounts}) | where OperationName in ("DeleteEntity", "UpdateEntity", "MergeEntity", "InsertOrReplaceEntity", "InsertOrMergeEntity", "DeleteTable", "SetTableACL") and toint(StatusCode) < 300'
    window: 'PT15M'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'countersign-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'countersign'
    enabled: true
    emailReceivers: [for address in addresses: {
      name: address
      emailAddress: address
      useCommonAlertSchema: true
    }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: 'countersign-${rule.name}-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Countersign: ${rule.name}'
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [workspace]
    evaluationFrequency: 'PT5M'
    windowSize: rule.window
    // The tables come into being with their first rows.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: false
    actions: {
      actionGroups: [people.id]
    }
  }
}]

// Whoever may give out roles may give themselves one; that it happened is what can be told.
resource rights 'Microsoft.Insights/activityLogAlerts@2020-10-01' = [for operation in [
  'Microsoft.Authorization/roleAssignments/write'
  'Microsoft.Authorization/locks/delete'
  'Microsoft.Storage/storageAccounts/write'
]: {
  name: 'countersign-evidence-${uniqueString(operation)}-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Where evidence or its keys lie: ${operation}.'
    enabled: true
    scopes: watched
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'Administrative'
        }
        {
          field: 'operationName'
          equals: operation
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: people.id
        }
      ]
    }
  }
}]
