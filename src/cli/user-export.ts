import 'reflect-metadata';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { OPERATOR } from '../audit/audit-entry';
import { PersonExport } from '../data-protection/person-export';
import { CommandError, dataProtectionCommand } from './data-protection-command';

const USAGE = 'usage: npm run --silent user:export -- ID [--to FILE]';

async function writeTo(file: string, pieces: AsyncIterable<string>): Promise<void> {
  const out = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  let isOurs = false;
  out.once('open', () => (isOurs = true));
  try {
    await pipeline(pieces, out);
  } catch (error) {
    // Half an export would pass for a whole one.
    if (isOurs) await unlink(file);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CommandError('the file exists already');
    throw error;
  }
}

dataProtectionCommand('export', async (context) => {
  const [userId, option, file, ...others] = process.argv.slice(2);
  const isUsed = option === undefined || (option === '--to' && file !== undefined && others.length === 0);
  if (userId === undefined || !isUsed) throw new CommandError(USAGE);
  const pieces = context.get(PersonExport).pieces(userId, OPERATOR);
  if (file === undefined) await pipeline(pieces, process.stdout, { end: false });
  else await writeTo(file, pieces);
  return 'exported';
});
