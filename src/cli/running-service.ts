import { JwtService } from '@nestjs/jwt';
import { OPERATOR } from '../audit/audit-entry';
import type { AppConfig } from '../config/app-config';
import type { SyncUserDto } from '../users/dto/sync-users.dto';

const TOKEN_SECONDS = 600;

/** Tells the directory of a running service about people. */
export type Save = (people: readonly SyncUserDto[]) => Promise<void>;

/**
 * A service that runs on this machine takes it by its door: the change acts at once on its sockets and caches.
 * @returns undefined when none runs here
 */
export async function throughService(config: AppConfig): Promise<Save | undefined> {
  const base = `http://127.0.0.1:${config.service.port}`;
  const isOurs = await fetch(`${base}/`, { signal: AbortSignal.timeout(2_000) }).then(
    async (answer) => ((await answer.json()) as { service?: unknown }).service === 'messaging-service',
    () => false,
  );
  if (!isOurs) return undefined;
  const claims = { sub: OPERATOR, role: 'service', type: 'access' };
  const { key, algorithm } = config.auth;
  const token = new JwtService().sign(claims, { secret: key.export(), algorithm, expiresIn: TOKEN_SECONDS });
  return async (people) => {
    const answer = await fetch(`${base}/api/v1/users`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ users: people }),
    });
    if (!answer.ok) throw new Error(`the running service answered ${answer.status}`);
  };
}
