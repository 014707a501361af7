import { BSON } from 'mongodb';

const isPlain = (value) =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  value._bsontype === undefined;

const show = (value) => (value === undefined ? 'nothing' : BSON.EJSON.stringify(value));

/** Types a BSON alias of the tests stands for, as the driver gives them. */
const typeTests = {
  int: (value) => Number.isInteger(value),
  long: (value) => Number.isInteger(value),
  string: (value) => typeof value === 'string',
  array: (value) => Array.isArray(value),
  object: isPlain,
  objectId: (value) => value?._bsontype === 'ObjectId',
};

function matchSpecial(name, operand, actual, root) {
  switch (name) {
    case '$$unsetOrMatches':
      return actual === undefined || actual === null ? null : matches(operand, actual, root);
    case '$$exists':
      return (actual !== undefined) === operand ? null : `${show(actual)} ${operand ? 'is missing' : 'is there'}`;
    case '$$type':
      return [operand].flat().some((type) => typeTests[type]?.(actual)) ? null : `${show(actual)} is not of ${operand}`;
    default:
      return `${name} is not supported by this runner`;
  }
}

function matchDocument(expected, actual, root) {
  if (typeof actual !== 'object' || actual === null) return `expected ${show(expected)}, got ${show(actual)}`;
  for (const [name, value] of Object.entries(expected)) {
    const problem = matches(value, actual[name], false);
    if (problem) return `${name}: ${problem}`;
  }
  const extra = root ? undefined : Object.keys(actual).find((name) => !Object.hasOwn(expected, name));
  return extra === undefined ? null : `${extra} was not expected`;
}

/** Why a value does not match what a test expects; null when it does. Extra fields are allowed at the root only. */
export function matches(expected, actual, root) {
  if (isPlain(expected)) {
    const [name] = Object.keys(expected);
    if (name?.startsWith('$$')) return matchSpecial(name, expected[name], actual, root);
    return matchDocument(expected, actual, root);
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return `expected ${show(expected)}, got ${show(actual)}`;
    return expected.map((each, i) => matches(each, actual[i], root)).find((problem) => problem !== null) ?? null;
  }
  return show(expected) === show(actual) ? null : `expected ${show(expected)}, got ${show(actual)}`;
}

const serverReply = (error) => error.errorResponse ?? error.result ?? error;

/** Why an error is not the one a test expects; null when it is. */
export function errorMatches(expected, error) {
  const isClient = !('code' in error) || error.name === 'MongoInvalidArgumentError';
  if (expected.isClientError !== undefined && expected.isClientError !== isClient)
    return expected.isClientError ? 'expected a client error' : 'expected a server error';
  if (expected.errorContains && !error.message.toLowerCase().includes(expected.errorContains.toLowerCase()))
    return `expected a message with "${expected.errorContains}"`;
  if (expected.errorCode !== undefined && error.code !== expected.errorCode)
    return `expected code ${expected.errorCode}, got ${error.code}`;
  if (expected.errorResponse) return matches(expected.errorResponse, serverReply(error), true);
  if (expected.writeErrors) return matchWriteErrors(expected.writeErrors, [error.writeErrors].flat());
  if (expected.expectResult) return matches(expected.expectResult, error.result, true);
  return null;
}

function matchWriteErrors(expected, actual) {
  const entries = Array.isArray(expected) ? expected : Object.values(expected);
  return matches(
    entries,
    actual.map(({ err, code, index }) => ({ code, index, ...err })),
    true,
  );
}
