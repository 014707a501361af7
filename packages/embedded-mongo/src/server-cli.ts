import { parseArgs } from 'node:util';
import { startEmbeddedMongo } from './index';

/** Runs a store by itself until it is told to stop: `--dir <folder> [--socket <path>.sock]`. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { dir: { type: 'string' }, socket: { type: 'string' } } });
  if (values.dir === undefined) throw new Error('usage: --dir <folder> [--socket <path>.sock]');
  const store = await startEmbeddedMongo({
    dir: values.dir,
    ...(values.socket === undefined ? {} : { socketPath: values.socket }),
  });
  process.stdout.write(`${store.uri}\n`);
  store.onExit((error) => {
    if (!error) return;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  const stop = (): void => {
    store.stop().catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
