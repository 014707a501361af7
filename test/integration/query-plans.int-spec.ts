import { getConnectionToken } from '@nestjs/mongoose';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { CirclesRepository } from '../../src/conversations/circles.repository';
import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { MembershipsRepository } from '../../src/conversations/memberships.repository';
import { membershipFrom, type Viewer } from '../../src/conversations/conversation';
import type { Message } from '../../src/message-store/message';
import { MessageTimeline } from '../../src/message-store/message-timeline';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { NotificationsRepository } from '../../src/notifications/notifications.repository';
import { StatisticsRepository } from '../../src/statistics/statistics.repository';
import { UsersRepository } from '../../src/users/users.repository';
import { SyncPointsRepository } from '../../src/sync/sync-points.repository';
import { startTestApp, type TestApp } from '../support/test-app';

type Filter = Record<string, unknown>;
interface Recorded {
  readonly collection: string;
  readonly method: string;
  readonly filter: Filter;
  readonly options: Record<string, unknown>;
}

/** Every stage name of an explain answer, whatever its nesting. */
function stagesOf(plan: unknown): string[] {
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([key, value]) => [
    ...(key === 'stage' && typeof value === 'string' ? [value] : []),
    ...stagesOf(value),
  ]);
}

const aMessage = (conversationId: string, seq: number): Message => {
  const now = new Date();
  const body = { content: 'c', type: 'text' as const, replyTo: null, metadata: {}, bodyHash: null };
  const sender = { senderId: 'u', senderName: 'U', senderRole: 'parent' as const, clientMessageId: null };
  const id = randomUUID();
  return {
    id,
    conversationId,
    seq,
    ...sender,
    ...body,
    mod: null,
    edits: [],
    isEdited: false,
    isDeleted: false,
    createdAt: now,
    updatedAt: now,
  };
};

/** What depends on who asks is asked by a person and by an administrator, who come in by different indexes. */
const each = async (ask: (viewer: Viewer) => Promise<unknown>): Promise<void> => {
  await ask({ userId: 'u', isAdmin: false });
  await ask({ userId: 'u', isAdmin: true });
};

/** Each repository method once; what it sends is recorded and explained. A method without a case fails below. */
const CASES: Record<
  string,
  (repositories: {
    ci: CirclesRepository;
    c: ConversationsRepository;
    me: MembershipsRepository;
    m: MessagesRepository;
    u: UsersRepository;
    n: NotificationsRepository;
    s: SyncPointsRepository;
    t: MessageTimeline;
    st: StatisticsRepository;
  }) => Promise<unknown>
> = {
  'circles.findOf': ({ ci }) => ci.findOf(['u', 'v'], 100, 10),
  'circles.findInSupport': ({ ci }) => ci.findInSupport(['u', 'v']),
  'conversations.findForViewer': ({ c }) => each((viewer) => c.findForViewer(randomUUID(), viewer)),
  'conversations.findManyForViewer': ({ c }) => each((viewer) => c.findManyForViewer([randomUUID()], viewer)),
  'conversations.findRecent': ({ c }) => each((viewer) => c.findRecent(viewer, { without: [randomUUID()], limit: 20 })),
  'conversations.findListed': ({ c }) => each((viewer) => c.findListed(viewer, [randomUUID()])),
  'conversations.countListed': ({ c }) => each((viewer) => c.countListed(viewer)),
  'conversations.findHotIds': ({ c }) => each((viewer) => c.findHotIds(viewer)),
  'conversations.change': ({ c }) => c.change({ id: randomUUID(), version: 1 }, { title: 't' }, new Date()),
  'memberships.findOfUser': ({ me }) => me.findOfUser('u'),
  'memberships.findArchived': ({ me }) => me.findArchived('u'),
  'memberships.findLeft': ({ me }) => me.findLeft('u', new Date()),
  'memberships.leave': ({ me }) => me.leave('c', 'u', new Date()),
  'memberships.start': ({ me }) => me.start([membershipFrom('c', 'u', 0, new Date())]),
  'memberships.setArchived': ({ me }) => me.setArchived('c', 'u', 1),
  'memberships.beginRole': ({ me }) => me.beginRole({ conversationId: 'c', userId: 'u', seq: 1, at: new Date() }),
  'memberships.setMuted': ({ me }) => me.setMuted('c', 'u', null),
  'conversations.findSyncRows': ({ c }) => each((viewer) => c.findSyncRows(viewer)),
  'conversations.findSupportSince': ({ c }) => c.findSupportSince('u', new Date()),
  'conversations.syncRowsOf': ({ c }) => c.syncRowsOf([randomUUID()]),
  'conversations.moveReceipts': ({ c }) => c.moveReceipts([randomUUID()]),
  'conversations.findCooled': ({ c }) => c.findCooled(new Date(), 10),
  'conversations.heads': ({ c }) => c.heads([randomUUID()]),
  'conversations.moveMods': ({ c }) => c.moveMods([{ conversationId: 'x', mod: 1 }]),
  'conversations.raiseFloors': ({ c }) => c.raiseFloors(new Map([[randomUUID(), { seq: 1, mod: 0 }]])),
  'conversations.findById': ({ c }) => c.findById(randomUUID()),
  'conversations.findByIds': ({ c }) => c.findByIds([randomUUID()]),
  'conversations.standings': ({ c }) => c.standings([randomUUID()]),
  'conversations.markHot': ({ c }) => c.markHot([randomUUID()], new Date()),
  'conversations.clearHot': ({ c }) => c.clearHot([{ id: randomUUID(), hotUntil: new Date() }]),
  'conversations.moveSummaries': ({ c }) =>
    c.moveSummaries([{ conversationId: 'x', seq: 1, lastId: 'x', lastAt: new Date(), lastBy: 'u' }]),
  'memberships.findInEach': ({ me }) => me.findInEach([randomUUID(), randomUUID()]),
  'memberships.findIn': ({ me }) => me.findIn(randomUUID()),
  'memberships.findPairs': ({ me }) => me.findPairs([{ conversationId: 'x', userId: 'u' }]),
  'memberships.moveDeliveredPositions': ({ me }) =>
    me.moveDeliveredPositions([{ conversationId: 'x', userId: 'u', seq: 1, at: new Date() }]),
  'memberships.moveReadPositions': ({ me }) =>
    me.moveReadPositions([{ conversationId: 'x', userId: 'u', seq: 1, at: new Date() }]),
  'messages.top': ({ m }) => m.top(randomUUID()),
  'messages.tail': ({ m }) => m.tail(randomUUID(), 0, 10),
  'messages.tails': ({ m }) => m.tails(new Map([randomUUID(), randomUUID()].map((id) => [id, 1]))),
  'messages.page': ({ m }) => m.page({ conversationId: randomUUID(), after: 0, before: 9, limit: 50, forward: false }),
  'messages.changedSince': ({ m }) => m.changedSince(randomUUID(), 0, 10),
  'messages.idsAt': ({ m }) => m.idsAt(randomUUID(), [1, 2]),
  'messages.findById': ({ m }) => m.findById(randomUUID()),
  'messages.findByIds': ({ m }) => m.findByIds([randomUUID()]),
  'messages.seqAt': async ({ m }) => {
    await m.append([aMessage('seq-at', 1), aMessage('seq-at', 2)], true);
    await m.seqAt('seq-at', new Date());
  },
  'messages.findByKey': ({ m }) => m.findByKey(randomUUID(), 'u', 'key'),
  'users.findMany': ({ u }) => u.findMany(['u']),
  'users.findAdminIds': ({ u }) => u.findAdminIds(),
  'users.findByName': ({ u }) => u.findByName('parent', 'ma', 20),
  'users.teach': async ({ u }) => {
    await u.create({ userId: 'u', username: 'u', displayName: 'U', named: true, role: 'parent' }, new Date());
    const [known] = await u.findMany(['u']);
    if (known) await u.teach(known, { displayName: 'Marie' }, new Date());
  },
  'users.erase': ({ u }) => u.erase('u', 'x', new Date()),
  'users.sync': ({ u }) => u.sync([{ userId: 'x', role: 'parent' }], 'directory', new Date()),
  'users.keepLookup': ({ u }) =>
    u.keepLookup({ userId: 'y', username: 'y', displayName: 'Y', role: 'parent' }, new Date()),
  'users.setPresence': ({ u }) => u.setPresence('u', { chosenStatus: 'busy' }, new Date()),
  'users.setLastSeen': ({ u }) => u.setLastSeen([{ userId: 'u', at: new Date() }]),
  'messages.createdBefore': ({ m }) => m.createdBefore(new Date(0), 1000),
  'messages.remove': ({ m }) => m.remove([randomUUID()]),
  'messages.topMod': ({ m }) => m.topMod(randomUUID()),
  'messages.topMods': ({ m }) => m.topMods(new Map([randomUUID(), randomUUID()].map((id) => [id, 1]))),
  'messages.change': ({ m }) => m.change(aMessage('x', 1), { kind: 'delete', at: new Date() }, 1),
  'messages.between': ({ m }) =>
    m.between([randomUUID(), randomUUID()].map((conversationId) => ({ conversationId, after: 0, upTo: 9 }))),
  'messages.deletedSeqs': ({ m }) =>
    m.deletedSeqs([randomUUID(), randomUUID()].map((conversationId) => ({ conversationId, after: 0, upTo: 9 }))),
  'messages.createdBetween': ({ m }) => m.createdBetween(new Date(0), new Date(), 500),
  'notifications.progress': async ({ n }) => {
    await n.moveProgress(new Date());
    await n.progress();
  },
  'notifications.moveProgress': ({ n }) => n.moveProgress(new Date()),
  'notifications.toldSince': ({ n }) => n.toldSince('c', ['u'], new Date(0)),
  'notifications.remember': ({ n }) => n.remember([{ conversationId: 'c', userId: 'u' }], new Date()),
  'notifications.forgetBefore': ({ n }) => n.forgetBefore(new Date(0)),
  'sync.find': ({ s }) => s.find('A'.repeat(22)),
  'conversations.findBusiest': ({ c }) => c.findBusiest(10),
  'users.setActive': ({ u }) => u.setActive([{ userId: 'u', at: new Date() }]),
  'users.countActiveSince': ({ u }) => u.countActiveSince(new Date()),
  'timeline.between': ({ t }) => t.between(new Date(0), new Date(), 500),
  'timeline.bySenderSince': ({ t }) => t.bySenderSince('u', new Date(0)),
  'timeline.at': ({ t }) => t.at([1, 2].map((seq) => ({ conversationId: randomUUID(), seq }))),
  'statistics.lastMinute': async ({ st }) => {
    await st.addMinutes([{ minute: new Date(0), messages: 1, replies: 0, replyMs: 0 }]);
    await st.lastMinute(new Date());
  },
  'statistics.sentCounts': ({ st }) => st.sentCounts([{ conversationId: 'c', userId: 'u' }]),
  'statistics.sentBy': ({ st }) => st.sentBy('u'),
  'statistics.moveSentCounts': ({ st }) => {
    const minute = new Date(0);
    const count = { conversationId: 'c', userId: 'u', sent: 1, sentSince: 1, sinceSeq: 0, minute };
    return st.moveSentCounts([count], new Map([['c/u', count]]));
  },
  'statistics.peakOnline': async ({ st }) => {
    await st.raisePeakOnline(1);
    await st.peakOnline();
  },
  'statistics.raisePeakOnline': ({ st }) => st.raisePeakOnline(1),
  'messages.sentBy': async ({ m }) => {
    await m.sentBy('u', undefined, 10);
    await m.sentBy('u', { createdAt: new Date(), id: randomUUID() }, 10);
  },
  'messages.sendersBetween': ({ m }) => m.sendersBetween(randomUUID(), 0, 9),
};
/** Inserts: nothing is looked for. */
const WITHOUT_QUERY = [
  'conversations.insert',
  'memberships.add',
  'messages.append',
  'users.create',
  'sync.insert',
  'statistics.addMinutes',
];

describe('query plans', () => {
  let service: TestApp;
  let connection: Connection;
  let ci: CirclesRepository;
  let c: ConversationsRepository;
  let me: MembershipsRepository;
  let m: MessagesRepository;
  let u: UsersRepository;
  let n: NotificationsRepository;
  let s: SyncPointsRepository;
  let t: MessageTimeline;
  let st: StatisticsRepository;
  const recorded: Recorded[] = [];

  beforeAll(async () => {
    service = await startTestApp();
    connection = service.app.get<Connection>(getConnectionToken(), { strict: false });
    ci = service.app.get(CirclesRepository, { strict: false });
    c = service.app.get(ConversationsRepository, { strict: false });
    me = service.app.get(MembershipsRepository, { strict: false });
    m = service.app.get(MessagesRepository, { strict: false });
    u = service.app.get(UsersRepository, { strict: false });
    n = service.app.get(NotificationsRepository, { strict: false });
    s = service.app.get(SyncPointsRepository, { strict: false });
    t = service.app.get(MessageTimeline, { strict: false });
    st = service.app.get(StatisticsRepository, { strict: false });
    connection.set('debug', (collection: string, method: string, first: unknown, ...rest: unknown[]) => {
      if (method.startsWith('insert')) return;
      const options = (rest.at(-1) ?? {}) as Record<string, unknown>;
      const filters =
        method === 'bulkWrite'
          ? (first as Record<string, { filter: Filter }>[]).flatMap((one) => Object.values(one).map((o) => o.filter))
          : [first as Filter];
      for (const filter of filters) recorded.push({ collection, method, filter, options });
    });
  }, 60_000);
  afterAll(async () => {
    connection.set('debug', false);
    await service.stop();
  });

  it('has a case for every repository method', () => {
    const methodsOf = (name: string, repository: object): string[] =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(repository))
        .filter(
          (method) =>
            ![
              'constructor',
              'insertUnlessKnown',
              'stampNewAdmins',
              'stampFormerAdmins',
              'moveTimes',
              'writeUnlessErased',
            ].includes(method),
        )
        .map((method) => `${name}.${method}`);
    const repositories = {
      circles: ci,
      conversations: c,
      memberships: me,
      messages: m,
      timeline: t,
      users: u,
      notifications: n,
      sync: s,
    };
    const all = Object.entries({ ...repositories, statistics: st }).flatMap((entry) => methodsOf(...entry));
    expect(all.sort()).toEqual([...Object.keys(CASES), ...WITHOUT_QUERY].sort());
  });

  it.each(Object.keys(CASES))('%s reads by an index', async (name) => {
    recorded.length = 0;
    await CASES[name]?.({ ci, c, me, m, u, n, s, t, st });
    expect(recorded.length).toBeGreaterThan(0);
    for (const { collection, filter, options } of [...recorded]) {
      const cursor = connection.collection(collection).find(filter);
      const { sort } = options as { sort?: Record<string, 1 | -1> };
      const plan: unknown = await (sort ? cursor.sort(sort) : cursor).explain('queryPlanner');
      const stages = stagesOf(plan);
      expect(stages).not.toContain('COLLSCAN');
      expect(stages.some((stage) => /IXSCAN|IDHACK|EXPRESS/.test(stage))).toBe(true);
    }
  });
});
