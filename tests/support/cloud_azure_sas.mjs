// Checks a shared access signature of Azure's blob service: service SAS (account key) and user delegation SAS, with the
// string to sign of each `sv`. Sources: "Create a service SAS", "Create a user delegation SAS" (version history there).
import { createHmac } from 'node:crypto';
import { isIPv4 } from 'node:net';

const overrides = ['rscc', 'rscd', 'rsce', 'rscl', 'rsct'];

/// The lines of the string to sign, for `p(name)` the SAS's fields.
function serviceFields(p, sv, resource, snapshot) {
  const head = [p('sp'), p('st'), p('se'), resource, p('si'), p('sip'), p('spr'), sv];
  if (sv < '2018-11-09') return [...head, ...overrides.map(p)];
  return [...head, p('sr'), snapshot, ...(sv >= '2020-12-06' ? [p('ses')] : []), ...overrides.map(p)];
}

function delegationFields(p, sv, resource, snapshot, signedRequest) {
  const fields = [p('sp'), p('st'), p('se'), resource];
  fields.push(...['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv'].map(p));
  if (sv >= '2020-02-10') fields.push(...['saoid', 'suoid', 'scid'].map(p));
  if (sv >= '2025-07-05') fields.push(...['skdutid', 'sduoid'].map(p));
  fields.push(p('sip'), p('spr'), sv, p('sr'), snapshot);
  if (sv >= '2020-12-06') fields.push(p('ses'));
  if (sv >= '2026-04-06') fields.push(signedRequest.headers, signedRequest.query);
  return [...fields, ...overrides.map(p)];
}

/// Whether `address` lies in `range`: one IPv4 address, or FIRST-LAST.
function inRange(address, range) {
  const number = (ip) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const [first, last = first] = range.split('-');
  if (![address, first, last].every(isIPv4)) return false;
  return number(first) <= number(address) && number(address) <= number(last);
}

const timePattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?$/;
const timeOf = (value) => (value && timePattern.test(value) ? Date.parse(value) : NaN);
const failed = (detail) => ({ status: 403, code: 'AuthenticationFailed', detail });

/// Refusal {status, code, detail} of a SAS for reading one blob, or undefined where it grants that.
/// `blob`: {account, container, name}; `context`: {accountKey (base64), delegationKeys: Map by keyName, policies: Map,
/// now (ms), protocol, address}.
export function checkSas(request, blob, context) {
  const repeated = new Set(request.pairs.map(([name]) => name)).size !== request.pairs.length;
  const p = (name) => request.param(name) ?? '';
  const sv = p('sv');
  if (repeated || !/^\d{4}-\d\d-\d\d$/.test(sv) || sv < '2015-04-05') return failed('sv is not valid');
  if (!['b', 'c', 'bs', 'bv'].includes(p('sr'))) return failed('sr is mandatory. Cannot be empty');
  const snapshot = { bs: p('snapshot'), bv: p('versionid') }[p('sr')] ?? '';
  const path = `/blob/${blob.account}/${blob.container}`;
  const resource = p('sr') === 'c' ? path : `${path}/${blob.name}`;

  const delegated = p('skoid') !== '';
  if (delegated && (sv < '2018-11-09' || p('si') !== '')) return failed('a user delegation SAS has no policy');
  const delegation = delegated ? context.delegationKeys.get(keyName(p)) : undefined;
  if (delegated && !delegation) return failed('The user delegation key is not known.');
  const fields = delegated ? delegationFields(p, sv, resource, snapshot, signedParts(request, p))
    : serviceFields(p, sv, resource, snapshot);
  const toSign = fields.join('\n');
  const right = createHmac('sha256', Buffer.from(delegated ? delegation.value : context.accountKey, 'base64')).update(toSign)
    .digest('base64');
  const given = p('sig'); // as text: a base64url signature, or one whose "+" came unencoded, is wrong
  if (given !== right) {
    return failed(`Signature did not match. String to sign used was ${toSign}`);
  }
  const policy = p('si') === '' ? {} : context.policies.get(p('si'));
  if (!policy) return failed('The signed identifier is not known.');
  return checkLimits(p, policy, delegated, context);
}

/// The key of `delegationKeys`: what a user delegation SAS says about its key.
export function keyName(p) {
  return ['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv'].map(p).join('\n');
}

function signedParts(request, p) {
  const list = (name) => p(name).split(',').filter((part) => part !== '');
  return {
    headers: list('srh').map((name) => `${name}:${request.headers[name.toLowerCase()] ?? ''}\n`).join(''),
    query: list('srq').map((name) => `\n${name}:${p(name)}`).join(''),
  };
}

function checkLimits(p, policy, delegated, { now, protocol, address }) {
  for (const name of ['sp', 'st', 'se']) {
    if (p(name) !== '' && policy[name]) return failed(`${name} may be in the policy or in the SAS only`);
  }
  const start = p('st') || policy.st;
  const expiry = p('se') || policy.se;
  if (Number.isNaN(timeOf(expiry)) || (start && Number.isNaN(timeOf(start)))) return failed('se is mandatory and st, se are times');
  const current = new Date(now).toUTCString();
  if ((start && now < timeOf(start)) || now >= timeOf(expiry)) {
    return failed(`Signature not valid in the specified time frame: Start [${start ?? ''}] - Expiry [${expiry}] - Current [${current}]`);
  }
  if (delegated && (now < timeOf(p('skt')) || now >= timeOf(p('ske')) || timeOf(expiry) > timeOf(p('ske')))) {
    return failed(`Signature not valid in the specified key time frame: Start [${p('skt')}] - Expiry [${p('ske')}] - Current [${current}]`);
  }
  const protocols = p('spr') || 'https,http';
  if (!['https', 'https,http'].includes(protocols)) return failed('spr is not valid');
  if (!protocols.split(',').includes(protocol)) return { status: 403, code: 'AuthorizationProtocolMismatch' };
  if (p('sip') && !inRange(address, p('sip'))) return { status: 403, code: 'AuthorizationSourceIPMismatch' };
  return (p('sp') || policy.sp || '').includes('r') ? undefined : { status: 403, code: 'AuthorizationPermissionMismatch' };
}
