import { createHmac } from 'node:crypto';

export const TEST_SECRET = 'a-secret-for-tests-only-that-is-long-enough';

export interface TestPerson {
  readonly user_id: string | number;
  readonly role: string;
  readonly sub?: string;
  readonly name?: string;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs what it is given, also what nobody should accept. */
export function signRaw(claims: unknown, header: Record<string, unknown> = {}, secret = TEST_SECRET): string {
  const head = encode({ alg: 'HS256', typ: 'JWT', ...header });
  const body = encode(claims);
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

/** A token in auth-service's shape, one hour long. */
export function tokenFor(person: TestPerson, claims: Record<string, unknown> = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return signRaw({ sub: String(person.sub ?? person.user_id), ...person, type: 'access', exp, ...claims });
}
