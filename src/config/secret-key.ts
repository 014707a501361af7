import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIN_BYTES = 32;
const KEY_FILE = 'secret.key';
/** Parts of the defaults in example files of PresencePro and of tutorials; a key holding one is public. */
const PLACEHOLDER =
  /your[-_ ]?(?:super[-_ ]?)?(?:secret|jwt|key)|change[-_ ]?(?:me|this|in)|super[-_ ]?secret|secret[-_ ]?key|place[-_ ]?holder|example|^secret$|^password|^(.)\1*$/i;

/** @returns the rule that a key breaks in production, or undefined; never any part of the key. */
export function productionKeyProblem(key: string | undefined): string | undefined {
  if (key === undefined) return 'must be set in production';
  if (PLACEHOLDER.test(key)) return 'must not be a known default in production';
  if (Buffer.byteLength(key, 'utf8') < MIN_BYTES) return `must have at least ${MIN_BYTES} bytes in production`;
  return undefined;
}

/** @returns the key as the signature library takes it: opaque, so that it cannot be printed by accident. */
export const toKeyObject = (key: string): KeyObject => createSecretKey(Buffer.from(key, 'utf8'));

const exists = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';

/**
 * Reads the generated key of a development machine, or makes it (mode 0600). The link makes a whole file appear at
 * once: of two processes that start together one wins, and the other one reads the winner's key.
 * @param dataDir absolute path
 * @returns the key and whether it is new
 */
export function generatedKey(dataDir: string): { key: string; created: boolean } {
  const file = join(dataDir, KEY_FILE);
  mkdirSync(dataDir, { recursive: true });
  const created = !existsSync(file) && createKeyFile(file);
  const key = readFileSync(file, 'utf8').trim();
  if (Buffer.byteLength(key, 'utf8') < MIN_BYTES) throw new Error(`${KEY_FILE} is damaged: delete it to get a new one`);
  return { key, created };
}

function createKeyFile(file: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(48).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (exists(error)) return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}
