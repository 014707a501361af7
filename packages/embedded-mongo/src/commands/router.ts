import type { Document } from '../bson/values';
import { CommandError, commandError } from '../errors';
import { encode } from '../wire/raw';
import { adminCommands } from './admin';
import { aggregateCommands } from './aggregate';
import { checkFields } from './arguments';
import type { Command, Engine } from './engine';
import { explainCommands } from './explain';
import { findAndModifyCommands } from './find-and-modify';
import { catalogCommands } from './indexes';
import { readCommands } from './read';
import { writeCommands } from './write';

const commands = new Map<string, Command>(
  Object.entries({
    ...adminCommands,
    ...readCommands,
    ...writeCommands,
    ...findAndModifyCommands,
    ...catalogCommands,
    ...aggregateCommands,
    ...explainCommands,
  }),
);

/** Name and implementation of the command a body asks for: its first field. */
export function commandOf(body: Document): { name: string; command: Command | undefined } {
  const name = Object.keys(body)[0] ?? '';
  return { name, command: commands.get(name) };
}

/** True when a command has to run inside the transaction of its turn. */
export function isWrite(body: Document): boolean {
  const { command } = commandOf(body);
  if (!command) return false;
  return typeof command.write === 'function' ? command.write(body) : command.write;
}

/** Runs one command. A `CommandError` becomes its reply; any other throw is left to the caller. */
export function runCommand(engine: Engine, connectionId: number, body: Document): Buffer {
  try {
    const { name, command } = commandOf(body);
    if (!command) throw commandError('CommandNotFound', `no such command: '${name}'`);
    checkFields(name, body, command.fields);
    const db = typeof body['$db'] === 'string' ? body['$db'] : 'test';
    engine.opcounters.command++;
    const reply = command.run({ engine, connectionId, db }, body);
    return Buffer.isBuffer(reply) ? reply : encode(reply);
  } catch (error) {
    if (error instanceof CommandError) return errorReply(error);
    throw error;
  }
}

/** An error as a command's reply. */
export function errorReply(error: CommandError): Buffer {
  return encode({ ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.extra });
}
