import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection, mongo } from 'mongoose';
import { aParent, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

interface Asked {
  readonly collection: string;
  readonly method: string;
  readonly first: unknown;
  readonly options: mongo.FindOptions;
}
interface Cost {
  readonly asked: string;
  readonly keys: number;
  readonly returned: number;
}

const CONVERSATIONS = 60;
const MESSAGES = 150;

/** The first number under `name`, whatever the nesting: engines differ in where they say it. */
function numberIn(plan: unknown, name: string): number | undefined {
  if (typeof plan !== 'object' || plan === null) return undefined;
  const own = (plan as Record<string, unknown>)[name];
  if (typeof own === 'number') return own;
  for (const value of Object.values(plan)) {
    const found = numberIn(value, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('what a request examines does not grow with what is stored', () => {
  let service: TestApp;
  let school: School;
  let connection: Connection;
  let reader: TestPerson;
  let long: string;
  let lastId: string;
  const asked: Asked[] = [];

  beforeAll(async () => {
    service = await startTestApp();
    school = new School(service);
    connection = service.app.get<Connection>(getConnectionToken());
    const teacher = aTeacher();
    reader = aParent();
    long = await school.group([teacher, reader], { title: 'Classe longue' });
    for (let i = 0; i < CONVERSATIONS; i++) await school.send(teacher, await school.group([teacher, reader]));
    for (let i = 0; i < MESSAGES; i++) lastId = (await school.send(teacher, long)).body.message_id ?? '';
    await school.meet(...Array.from({ length: 40 }, () => aTeacher()));
    connection.set('debug', (collection: string, method: string, first: unknown, ...rest: unknown[]) => {
      if (method.startsWith('insert')) return;
      asked.push({ collection, method, first, options: rest.at(-1) ?? {} });
    });
  }, 120_000);
  afterAll(async () => {
    connection.set('debug', false);
    await service.stop();
  });

  async function costsOf(method: string, path: string): Promise<Cost[]> {
    asked.length = 0;
    const answer = await service.call(method, path, { as: reader });
    expect(answer.status).toBe(200);
    const queries = [...asked];
    expect(queries.length).toBeGreaterThan(0);
    const costs: Cost[] = [];
    for (const query of queries) for (const plan of await explain(query)) costs.push(costOf(query, plan));
    return costs;
  }

  function costOf({ collection, method }: Asked, plan: unknown): Cost {
    // The second engine says what it returned, but not how many keys it looked at where it sorts.
    const returned = numberIn(plan, 'nReturned') ?? 0;
    return { asked: `${collection}.${method}`, returned, keys: numberIn(plan, 'totalKeysExamined') ?? returned };
  }

  function explain({ collection, method, first, options }: Asked): Promise<unknown[]> {
    const target = connection.collection(collection);
    if (method === 'aggregate') {
      return Promise.all([target.aggregate(first as mongo.BSON.Document[]).explain('executionStats')]);
    }
    const { sort, limit, projection } = options;
    const shape = { ...(sort && { sort }), ...(limit && { limit }), ...(projection && { projection }) };
    const filters =
      method === 'bulkWrite'
        ? (first as Record<string, { filter: object }>[]).flatMap((one) => Object.values(one).map((o) => o.filter))
        : [first as object];
    const one = /One|ById/.test(method) ? { limit: 1 } : {};
    return Promise.all(filters.map((filter) => target.find(filter, { ...shape, ...one }).explain('executionStats')));
  }

  it.each([
    ['a page of a history', () => ['GET', `/api/v1/messages/history/${long}?limit=20`]],
    ['a page from the middle of a history', () => ['GET', `/api/v1/messages/history/${long}?limit=20&before_seq=70`]],
    ['the list of conversations', () => ['GET', '/api/v1/messages/conversations?limit=20']],
    ['a later page of the list', () => ['GET', '/api/v1/messages/conversations?limit=20&page=3']],
    ['the search for people', () => ['GET', `/api/v1/users?q=${idOf(reader).slice(0, 2)}&limit=20`]],
    ['marking as read', () => ['POST', `/api/v1/messages/mark-read/${lastId}`]],
  ] as [string, () => [string, string]][])(
    '%s examines at most twice what it returns, and ten',
    async (_name, request) => {
      const costs = await costsOf(...request());
      expect(costs.filter(({ keys, returned }) => keys > 2 * returned + 10)).toEqual([]);
    },
  );
});
