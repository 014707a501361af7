import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { OPERATOR } from '../audit/audit-entry';
import { ERASED_NAME, Erasure } from '../data-protection/erasure';
import { UsersService } from '../users/users.service';
import { CommandError, dataProtectionCommand } from './data-protection-command';
import { throughService } from './running-service';

/** Until then no node accepts a message of theirs any more: each asks the directory again every 5 s, a write ends in 10 s. */
const OTHER_NODES_MS = 15_000;

dataProtectionCommand('erasure', async (context, config) => {
  const [userId, ...others] = process.argv.slice(2);
  if (userId === undefined || others.length > 0) throw new CommandError('usage: npm run user:erase -- ID');
  const erasure = context.get(Erasure);
  let count = await erasure.erase(userId, OPERATOR);
  if (config.store.url !== undefined) {
    const [entry] = (await context.get(UsersService, { strict: false }).findMany([userId])).values();
    // Its directory keeps what the store says; hearing of it closes the person's sockets.
    const tell = await throughService(config);
    if (tell && entry) {
      const { role } = entry;
      await tell([{ user_id: userId, username: userId, display_name: ERASED_NAME, role, is_active: false }]);
    }
    await delay(OTHER_NODES_MS);
    count += await erasure.eraseMessages(userId);
  }
  return `erased, ${count} messages among it`;
});
