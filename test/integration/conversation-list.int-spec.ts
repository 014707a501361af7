import { getConnectionToken } from '@nestjs/mongoose';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Conversation } from '../../src/conversations/conversation';
import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { fromConversation } from '../../src/conversations/persistence/conversation.mapper';
import { anAdmin, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

interface Find {
  readonly filter: Record<string, unknown>;
  readonly sort: Record<string, 1 | -1>;
  readonly limit: number;
}

const MANY = 500;
const PAGE = 20;

/** The value of a field, wherever it stands in an explain answer. */
function deep(plan: unknown, field: string): unknown {
  if (typeof plan !== 'object' || plan === null) return undefined;
  const own = (plan as Record<string, unknown>)[field];
  return own ?? Object.values(plan).reduce<unknown>((found, child) => found ?? deep(child, field), undefined);
}

/** The stage of that name, wherever it stands. */
function stageOf(plan: unknown, stage: string): unknown {
  if (typeof plan !== 'object' || plan === null) return undefined;
  if ((plan as Record<string, unknown>)['stage'] === stage) return plan;
  return Object.values(plan).reduce<unknown>((found, child) => found ?? stageOf(child, stage), undefined);
}

describe('the conversation list of a person with many conversations', () => {
  let service: TestApp;
  let school: School;
  let connection: Connection;
  const finds: Find[] = [];

  beforeAll(async () => {
    service = await startTestApp();
    school = new School(service);
    connection = service.app.get<Connection>(getConnectionToken(), { strict: false });
    connection.set('debug', (collection: string, method: string, filter: unknown, ...rest: unknown[]) => {
      const { sort, limit } = (rest.at(-1) ?? {}) as Partial<Find>;
      if (collection === 'conversations' && method === 'find' && sort && limit) {
        finds.push({ filter: filter as Find['filter'], sort, limit });
      }
    });
  }, 60_000);
  afterAll(async () => {
    connection.set('debug', false);
    await service.stop();
  });

  async function fill(person: TestPerson, over: (i: number) => Partial<Conversation>): Promise<void> {
    const sample = await aConversation(person);
    const all = Array.from({ length: MANY }, (_, i): Conversation => {
      const at = new Date(Date.now() - i * 1000);
      return { ...sample, id: randomUUID(), createdAt: at, updatedAt: at, ...over(i) };
    });
    await connection.collection('conversations').insertMany(all.map(fromConversation) as never[]);
  }

  /** One as the store has it, so that a new field needs no change here. */
  async function aConversation(person: TestPerson): Promise<Conversation> {
    const id = await school.group([aTeacher(), aTeacher()]);
    const found = await service.app.get(ConversationsRepository, { strict: false }).findById(id);
    if (!found) throw new Error('no sample');
    return { ...found, participants: [idOf(person), 'somebody'], createdBy: idOf(person) };
  }

  async function readFirstPage(person: TestPerson): Promise<void> {
    finds.length = 0;
    const { body } = await school.list(person, `?limit=${PAGE}`);
    expect([body.total_count, body.conversations?.length]).toEqual([MANY, PAGE]);
    const times = (body.conversations ?? []).map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort().reverse());
  }

  it.each([
    ['a teacher', aTeacher, () => ({})],
    [
      'an administrator with support conversations among them',
      anAdmin,
      (i: number) => (i % 2 ? { type: 'support' as const, audience: 'admins' as const } : {}),
    ],
  ])(
    'reads a page by the keys of a page: %s',
    async (_who, someone, over) => {
      const person = someone();
      await school.meet(person);
      await fill(person, over);
      await readFirstPage(person);
      expect(finds.length).toBeGreaterThan(0);
      let examined = 0;
      let otherwise = 0;
      for (const { filter, sort, limit } of finds) {
        expect(limit).toBe(PAGE);
        const plan: unknown = await connection
          .collection('conversations')
          .find(filter)
          .sort(sort)
          .limit(limit)
          .explain('executionStats');
        const keys = deep(plan, 'totalKeysExamined');
        if (typeof keys === 'number') examined += keys;
        else otherwise += Number(deep(stageOf(plan, 'IXSCAN'), 'nReturned'));
      }
      expect(examined).toBeLessThanOrEqual(2 * PAGE + 10);
      // DocumentDB counts no keys, and sorts after an index over an array: there it costs the person's own conversations.
      expect(otherwise).toBeLessThanOrEqual(2 * MANY);
    },
    120_000,
  );
});
