import { RightsJournal } from '../../src/users/rights-journal';
import { School } from '../support/school';
import { aParent, idOf } from '../support/people';
import { startTestApp, type TestApp } from '../support/test-app';

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `person-${n}`);

describe('the journal of changed rights', () => {
  let service: TestApp;
  let journal: RightsJournal;
  beforeAll(async () => {
    service = await startTestApp();
    journal = service.app.get(RightsJournal, { strict: false });
  });
  afterAll(() => service.stop());

  it('counts from nothing, also notes of the same moment', async () => {
    expect(await journal.since(undefined)).toEqual({ count: 0 });
    await Promise.all(many(5).map((id) => journal.note([id])));
    const { count, userIds } = await journal.since(undefined);
    expect([count, userIds]).toEqual([5, undefined]);
  });

  it('names those whom the notes after a count concern', async () => {
    const { count } = await journal.since(undefined);
    await journal.note(['ann', 'bob']);
    await journal.note(['cleo']);
    expect(await journal.since(count)).toEqual({ count: count + 2, userIds: ['ann', 'bob', 'cleo'] });
    expect(await journal.since(count + 1)).toEqual({ count: count + 2, userIds: ['cleo'] });
    expect(await journal.since(count + 2)).toEqual({ count: count + 2, userIds: [] });
  });

  it('names nobody where they are too many, or the count is too old or of another store', async () => {
    const { count } = await journal.since(undefined);
    await journal.note(many(1_000));
    expect(await journal.since(count)).toEqual({ count: count + 1 });
    for (const id of many(30)) await journal.note([id]);
    expect(await journal.since(count + 1)).toEqual({ count: count + 31 });
    expect(await journal.since(count + 1_000)).toEqual({ count: count + 31 });
    expect((await journal.since(count + 30)).userIds).toEqual(['person-29']);
  });

  it('holds every change of a role and every deactivation by the time it is acknowledged, and nothing else', async () => {
    const [school, parent] = [new School(service), aParent()];
    await school.meet(parent);
    const said = async (change: Parameters<School['sync']>[1]): Promise<readonly string[] | undefined> => {
      const { count } = await journal.since(undefined);
      await school.sync(parent, change);
      return (await journal.since(count)).userIds;
    };
    expect(await said({ role: 'parent' })).toEqual([]);
    expect(await said({ role: 'teacher' })).toEqual([idOf(parent)]);
    expect(await said({ role: 'teacher' })).toEqual([]);
    expect(await said({ role: 'teacher', is_active: false })).toEqual([idOf(parent)]);
  });
});
