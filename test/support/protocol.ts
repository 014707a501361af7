import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A JSON literal of docs/PROTOCOL.md and the message of the document that it claims to be. */
export interface Literal {
  readonly line: number;
  readonly key: string;
  readonly payload: unknown;
}

const FILE = join(__dirname, '..', '..', 'docs', 'PROTOCOL.md');
const FENCE = /^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm;
/** Text in quotes, or a comment. */
const TOKEN = /("(?:\\.|[^"\\])*")|\/\/.*$/gm;
const STEP = /^([→←]) (?:(\w+) )?(\{[\s\S]*\})$/;

const parse = (text: string): unknown => JSON.parse(text.replace(TOKEN, (_match, quoted?: string) => quoted ?? ''));

/** @returns the steps of a session, each with the line it begins on */
function steps(body: string, firstLine: number): { line: number; text: string }[] {
  const found: { line: number; text: string }[] = [];
  body.split('\n').forEach((text, index) => {
    if (/^[→←]/.test(text)) found.push({ line: firstLine + index, text });
    else if (!text.startsWith('#') && text !== '') {
      const last = found.at(-1);
      if (last) last.text += `\n${text}`;
    }
  });
  return found;
}

function ofSession(door: string, body: string, firstLine: number): Literal[] {
  let asked = '';
  const askedBy = new Map<unknown, string>();
  return steps(body, firstLine).map(({ line, text }) => {
    const [, direction, name, json = ''] = STEP.exec(text) ?? [];
    const payload = parse(json) as Record<string, unknown>;
    const type = String(payload['type']);
    if (door === 'socketio') {
      if (direction === '→') asked = name ?? '';
      const key = direction === '→' ? `client.${asked}` : name === 'ack' ? `ack.${asked}` : `server.${name}`;
      return { line, key, payload };
    }
    if (direction === '→') {
      askedBy.set(payload['request_id'], type);
      return { line, key: `frame.client.${type}`, payload };
    }
    const answered = askedBy.get(payload['request_id']);
    return { line, key: type === 'success' ? `frame.success.${answered}` : `frame.server.${type}`, payload };
  });
}

/** @returns every JSON literal of the protocol's text */
export function literals(): Literal[] {
  const text = readFileSync(FILE, 'utf8');
  return [...text.matchAll(FENCE)].flatMap(({ index, 1: language, 2: key = '', 3: body = '' }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    return language === 'text' ? ofSession(key, body, line) : [{ line, key, payload: parse(body) }];
  });
}
