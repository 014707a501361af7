import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import type { Conversation } from '../conversations/conversation';
import type { ConversationReader } from '../conversations/conversation-reader';
import { DomainEvents } from '../events/domain-events';
import { LiveActivity } from '../presence/live-activity';
import { TypingService } from './typing.service';

const actor = (userId: string, over: Partial<Actor> = {}): Actor => ({
  userId,
  username: userId,
  displayName: userId.toUpperCase(),
  role: 'parent',
  expiresAt: 9e15,
  socketId: `socket of ${userId}`,
  ...over,
});
const conversation = (participants: string[], over: Partial<Conversation> = {}): Conversation =>
  ({ id: 'c1', type: 'group', participants, posting: 'everyone', ...over }) as Conversation;

/** Who is in a conversation now. */
class Access {
  now = conversation(['ana', 'ben', 'cleo']);
  findForParticipant(_id: string, userId: string): Promise<Conversation | undefined> {
    return Promise.resolve(this.now.participants.includes(userId) ? this.now : undefined);
  }
  async requireForParticipant(id: string, userId: string): Promise<Conversation> {
    const found = await this.findForParticipant(id, userId);
    if (!found) throw new DomainError('CONVERSATION_NOT_FOUND');
    return found;
  }
  recipientsOf({ participants }: Conversation): readonly string[] {
    return participants;
  }
}

describe('TypingService', () => {
  const ana = actor('ana');
  let access: Access;
  let events: DomainEvents;
  let activity: LiveActivity;
  let typing: TypingService;
  /** What the others were told, in order. */
  let told: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    access = new Access();
    events = new DomainEvents();
    activity = new LiveActivity();
    const reader = access as unknown as ConversationReader;
    typing = new TypingService(reader, activity, events, { now: () => Date.now() });
    told = [];
    events.on('typing.changed', ({ userId, isTyping, recipientIds }) =>
      told.push(`${userId} ${isTyping ? 'types' : 'stopped'} → ${recipientIds.join()}`),
    );
  });
  afterEach(() => {
    typing.onModuleDestroy();
    jest.useRealTimers();
  });
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const STARTED = 'ana types → ben,cleo';
  const STOPPED = 'ana stopped → ben,cleo';

  it('tells the other participants, by name', async () => {
    const facts: unknown[] = [];
    events.on('typing.changed', (event) => facts.push(event));
    expect(await typing.start(ana, 'c1')).toEqual({ conversation_id: 'c1' });
    expect(facts).toEqual([
      { conversationId: 'c1', userId: 'ana', userName: 'ANA', isTyping: true, recipientIds: ['ben', 'cleo'] },
    ]);
  });

  it('tells of one who types on once in 2 s, whatever the devices', async () => {
    for (let i = 0; i < 40; i++) {
      await typing.start(actor('ana', { socketId: `device ${i % 2}` }), 'c1');
      await pass(100);
    }
    expect(told).toEqual([STARTED, STARTED]);
  });

  it('tells of a start after a stop at once', async () => {
    await typing.start(ana, 'c1');
    await typing.stop(ana, 'c1');
    await typing.start(ana, 'c1');
    expect(told).toEqual([STARTED, STOPPED, STARTED]);
  });

  it('drops a flood of starts and stops, and recovers', async () => {
    for (let i = 0; i < 100; i++) {
      await typing.start(ana, 'c1');
      await typing.stop(ana, 'c1');
    }
    expect(told).toHaveLength(10);
    await pass(2000);
    await typing.start(ana, 'c1');
    expect(told.at(-1)).toBe(STARTED);
  });

  it('keeps a stop behind its start although access takes long to check', async () => {
    let answer: () => void = () => undefined;
    const slow = new Promise<Conversation>((resolve) => (answer = () => resolve(access.now)));
    jest.spyOn(access, 'requireForParticipant').mockReturnValueOnce(slow);
    const both = Promise.all([typing.start(ana, 'c1'), typing.stop(ana, 'c1')]);
    answer();
    await both;
    expect(told).toEqual([STARTED, STOPPED]);
  });

  it('ends by itself 6 s after the last event', async () => {
    await typing.start(ana, 'c1');
    await pass(1500);
    await typing.start(ana, 'c1');
    await pass(5999);
    expect(told).toEqual([STARTED]);
    await pass(1);
    expect(told).toEqual([STARTED, STOPPED]);
    await pass(60_000);
    expect(told).toHaveLength(2);
  });

  it('ends with the socket that spoke of it last', async () => {
    await typing.start(ana, 'c1');
    await typing.socketClosed(actor('ana', { socketId: 'another' }));
    expect(told).toEqual([STARTED]);
    await typing.socketClosed(ana);
    expect(told).toEqual([STARTED, STOPPED]);
  });

  it('does not begin any more when the socket closed while access was checked', async () => {
    const started = typing.start(ana, 'c1');
    await Promise.all([typing.socketClosed(ana), started]);
    await pass(0);
    expect(told).toEqual([STARTED, STOPPED]);
    expect(activity.counts().typing_users).toBe(0);
  });

  describe('on another node', () => {
    const elsewhere = (isTyping: boolean): void =>
      events.emit('typing.changed', {
        conversationId: 'c1',
        userId: 'ana',
        userName: 'ANA',
        isTyping,
        recipientIds: ['ben', 'cleo'],
        relayed: true,
      });

    it('counts as told', async () => {
      elsewhere(true);
      await pass(1500);
      await typing.start(ana, 'c1');
      expect(told).toEqual([STARTED]);
      await pass(500);
      await typing.start(ana, 'c1');
      expect(told).toEqual([STARTED, STARTED]);
    });

    it('goes on while either device types on, and ends once, 6 s after the last event', async () => {
      await typing.start(ana, 'c1');
      for (let i = 0; i < 5; i++) {
        await pass(1500);
        elsewhere(true);
      }
      await pass(5000);
      expect(activity.counts().typing_users).toBe(0);
      expect(told).not.toContain(STOPPED);
      elsewhere(false);
      await pass(60_000);
      expect(told.filter((one) => one.startsWith('ana stopped'))).toHaveLength(1);
    });

    it('is not ended by a device here that stopped being heard, nor ends what is typed here', async () => {
      await typing.start(ana, 'c1');
      await pass(100);
      elsewhere(true);
      await typing.socketClosed(ana);
      expect(told).not.toContain(STOPPED);
      for (let i = 0; i < 10; i++) {
        await typing.start(ana, 'c1');
        await pass(1000);
      }
      expect(told.filter((one) => one.startsWith('ana stopped'))).toEqual([]);
      await pass(5000);
      expect(told.at(-1)).toBe(STOPPED);
    });

    it('ends here too when it does there, or when that node is not heard any more', async () => {
      await typing.start(ana, 'c1');
      elsewhere(false);
      expect(activity.counts().typing_users).toBe(0);
      elsewhere(true);
      await pass(8000);
      expect(told.at(-1)).toMatch('ana stopped');
      await pass(60_000);
      expect(told).toHaveLength(4);
    });
  });

  it('says nothing of a stop without a start', async () => {
    await typing.stop(ana, 'c1');
    expect(told).toEqual([]);
  });

  it('refuses outsiders, and tells them nothing from the moment they are out', async () => {
    await expect(typing.start(actor('zoe'), 'c1')).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' });
    await typing.start(ana, 'c1');
    access.now = conversation(['ana', 'ben']);
    await typing.stop(ana, 'c1');
    expect(told).toEqual([STARTED, 'ana stopped → ben']);
  });

  it('forgets the typing of a person who left', async () => {
    await typing.start(ana, 'c1');
    access.now = conversation(['ben', 'cleo']);
    events.emit('conversation.left', { conversationId: 'c1', userId: 'ana', recipientIds: ['ana', 'ben', 'cleo'] });
    await pass(60_000);
    expect(told).toEqual([STARTED]);
    expect(activity.counts().typing_users).toBe(0);
  });

  it('is silent above 100 participants, and of those who may not post', async () => {
    access.now = conversation(['ana', ...Array.from({ length: 100 }, (_, i) => `p${i}`)]);
    await typing.start(ana, 'c1');
    access.now = conversation(['ana', 'ben'], { posting: 'staff' });
    await typing.start(ana, 'c1');
    expect(told).toEqual([]);
    await typing.start(actor('ben', { role: 'teacher' }), 'c1');
    expect(told).toEqual(['ben types → ana']);
  });

  it('counts people who are typing, once each', async () => {
    await typing.start(ana, 'c1');
    await typing.start(ana, 'c1');
    await typing.start(actor('ben'), 'c1');
    expect(activity.counts().typing_users).toBe(2);
    await typing.stop(ana, 'c1');
    await pass(6000);
    expect(activity.counts().typing_users).toBe(0);
  });
});
