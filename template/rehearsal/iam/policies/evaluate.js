// Judges IAM requests: one JSON object a line in, one JSON object a line out.
import { createInterface } from 'node:readline'
import { createValidatedPolicy, validateResourcePolicy, validateTrustPolicy } from '@cloud-copilot/iam-policy'
import { getGrantReasons, runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

// Condition keys of every OIDC provider, which the simulator's list of keys by action leaves out.
const OIDC_KEY = /:(amr|aud|sub)$/

// A task definition without a revision is a resource of RunTask, though AWS's list of ARN formats has none like it.
const FAMILY = /:task-definition\/[^:/]+$/

function resourcePolicyOf({ trust, resourcePolicy }) {
  if (trust) return createValidatedPolicy(trust, validateTrustPolicy, { name: 'trust' })
  return resourcePolicy && createValidatedPolicy(resourcePolicy, validateResourcePolicy, { name: 'resource' })
}

function simulationOf(asked) {
  const { principal, action, resource, account, context, policies } = asked
  return {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: Object.entries(policies).map(([name, policy]) => ({ name, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: resourcePolicyOf(asked),
  }
}

async function judge(request) {
  const simulation = simulationOf(request)
  const strict = await runSimulation(simulation, {})
  if (strict.resultType === 'error') {
    const known = strict.errors.message === 'no.resource.types' && request.action === 'ecs:RunTask' && FAMILY.test(request.resource)
    if (!known) throw new Error(JSON.stringify(strict.errors))
    return verdict(runUnsafeSimulation(simulation, {}), 'judged without the list of ARN formats')
  }
  const results = strict.results ?? [strict.result]
  const ignored = [...new Set(results.flatMap((result) => result.ignoredContextKeys ?? []))]
  const unknown = ignored.filter((key) => !OIDC_KEY.test(key))
  if (unknown.length > 0) throw new Error(`${request.action} knows no condition key ${unknown.join(', ')}`)
  if (ignored.length > 0) return verdict(runUnsafeSimulation(simulation, {}), 'judged by the trust policy')
  return verdict(strict.overallResult, results.map((result) => explain(result.analysis)).join('; '))
}

function verdict(result, why) {
  return { allowed: result === 'Allowed', explicit: result === 'ExplicitlyDenied', why }
}

function explain(analysis) {
  if (analysis.result === 'Allowed') {
    return getGrantReasons(analysis).map((grant) => `${grant.policyIdentifier}/${grant.statementId}`).join(', ')
  }
  const near = analysis.identityAnalysis?.unmatchedStatements.filter((statement) => statement.actionMatch) ?? []
  return near.map(mismatch).join(', ') || 'no statement names the action'
}

function mismatch({ policyId, resourceMatch, explain: { identifier, conditions } }) {
  const keys = (conditions ?? []).filter((condition) => !condition.matches).map((condition) => condition.conditionKeyValue)
  return `${policyId}/${identifier} wants another ${[...(resourceMatch ? [] : ['resource']), ...keys].join(' and ')}`
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await judge(JSON.parse(line)).catch((error) => ({ error: error.message }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
