import { createHmac, randomUUID } from 'node:crypto';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs an access token as auth-service does: HS256, no iss, aud or iat, French role names, integer user ids. */
export function signToken(claims, secret, ttlSeconds = 3600) {
  const exp = Math.floor(Date.now() / 1000) + ttlSeconds;
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, type: 'access', exp })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** Production refuses short secrets, so this one has 72 characters. */
export const randomSecret = () => randomUUID() + randomUUID();
