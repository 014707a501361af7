import type { Engine } from '../commands/engine';
import { CommandError, commandError } from '../errors';
import { isDiskFull } from '../storage/failures';

/** What a command answers when the store itself failed under it. */
export function failedCommand(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  return commandError('InternalError', `the store failed to run the command: ${message}`);
}

/**
 * Runs `work` in one transaction that is on the disk when this returns. Returns why it was aborted: nothing of it is
 * stored then. LMDB writes its header last, so a failure before that leaves the former commit; when it is unknown
 * whether the header was written LMDB refuses to go on, and so does the store.
 */
export function transact(engine: Engine, onFatal: (error: Error) => void, work: () => void): CommandError | undefined {
  const { storage, catalog } = engine;
  try {
    storage.write(work);
    return undefined;
  } catch (error) {
    if (!storage.isUsable()) onFatal(error instanceof Error ? error : new Error(String(error)));
    catalog.load();
    if (!isDiskFull(error, storage.dir)) return failedCommand(error);
    return commandError('OutOfDiskSpace', 'the disk is full: nothing of this command was stored');
  }
}
