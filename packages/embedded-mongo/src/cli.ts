import { parseArgs } from 'node:util';
import { backupStore, restoreStore, startEmbeddedMongo, verifyStore, type VerifyReport } from './index';

const USAGE = `usage:
  serve:   --dir <folder> [--socket <path>.sock]
  verify:  --verify --dir <folder>
  backup:  --backup --dir <folder> --to <file>
  restore: --restore --from <file> --dir <folder>`;

const OPTIONS = {
  dir: { type: 'string' },
  socket: { type: 'string' },
  to: { type: 'string' },
  from: { type: 'string' },
  verify: { type: 'boolean' },
  backup: { type: 'boolean' },
  restore: { type: 'boolean' },
} as const;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function required(value: string | undefined): string {
  if (value === undefined || value === '') throw new Error(USAGE);
  return value;
}

/** Runs a store by itself until it is told to stop; says where it listens when it does. */
async function serve(dir: string, socketPath: string | undefined): Promise<void> {
  const store = await startEmbeddedMongo({ dir, ...(socketPath === undefined ? {} : { socketPath }) });
  store.onExit((error) => error && fail(error));
  const stop = (): void => {
    store.stop().then(() => say('stopped'), fail);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  say(`ready ${store.uri}`);
}

function tell({ collections, documents, entries, problems }: VerifyReport): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  const verdict = problems.length > 0 ? 'DAMAGED' : 'sound';
  say(`${verdict}: ${documents} documents and ${entries} index entries in ${collections} collections`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  // What this process writes is private from its first byte on.
  process.umask(0o077);
  const dir = required(values.dir);
  if (values.verify) tell(await verifyStore(dir));
  else if (values.restore) tell(await restoreStore(required(values.from), dir));
  else if (!values.backup) await serve(dir, values.socket);
  else {
    await backupStore(dir, required(values.to));
    say(`backed up to ${values.to}`);
  }
}

main().catch(fail);
