import fc from 'fast-check';
import type { MessagePayload } from '../../src/contract/payloads';
import { RetentionRunner } from '../../src/retention/retention-runner';
import { aParent, aStudent, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { ask, connected, rawSocket, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { DAY_MS, TestClock } from '../support/test-clock';
import { tokenFor, type TestPerson } from '../support/tokens';

const RETENTION_DAYS = 4;
const people = [aTeacher(), aParent(), aStudent()] as const;
const [teacher, ...others] = people;

const person = fc.constantFrom(...people);
const other = fc.constantFrom(...others);
const device = fc.constantFrom('socket' as const, 'rest' as const);
const pick = fc.nat(50);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), who: person, device, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('send_on_both' as const), who: person, device, pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), who: person, device, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), who: person, device, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), who: person, device, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), who: other, device, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), who: other, device, pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('days_pass' as const), who: person, device, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clean_up' as const), who: person, device, pick }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Device = Step['device'];

describe('unread', () => {
  const clock = new TestClock();
  const sockets = new Map<TestPerson, TestSocket>();
  let service: TestApp;
  let school: School;
  beforeAll(async () => {
    service = await startTestApp({ MESSAGE_RETENTION_DAYS: String(RETENTION_DAYS) }, clock);
    school = new School(service);
    await school.meet(...people);
    // The test's time runs on for years: a socket ends with its token, and each request brings a new one.
    const exp = Math.floor(clock.now() / 1000) + 50 * 365 * 86_400;
    for (const who of people) {
      const socket = rawSocket(service.url, { token: tokenFor(who, { exp }) });
      await connected(socket);
      sockets.set(who, socket);
    }
  }, 60_000);
  afterAll(async () => {
    for (const socket of sockets.values()) socket.close();
    await service.stop();
  });

  /** One conversation, and what everybody has read of it by the words of the contract. */
  class Course {
    /** Of those who are in it. */
    private readonly positions = new Map<TestPerson, number>(people.map((who) => [who, 0]));
    private readonly sent: MessagePayload[] = [];
    private head = 0;

    constructor(private readonly id: string) {}

    async take({ do: action, who, device: by, pick: at }: Step): Promise<void> {
      const target = this.sent[at % Math.max(1, this.sent.length)];
      if (action === 'send') await this.send(who, by);
      else if (action === 'send_on_both') await Promise.all([this.send(who, 'socket'), this.send(who, 'rest')]);
      else if (action === 'join') await this.join(who);
      else if (action === 'remove') await this.leave(who);
      else if (action === 'days_pass') clock.advance((1 + (at % RETENTION_DAYS)) * DAY_MS);
      else if (action === 'clean_up') await service.app.get(RetentionRunner, { strict: false }).look();
      else if (target && action === 'read') await this.read(who, by, target);
      else if (target && action === 'edit') await this.edit(who, by, target.message_id);
      else if (target) await this.delete(who, by, target.message_id);
    }

    /** Counts by hand in the history that the person is given. */
    async compare(who: TestPerson): Promise<void> {
      const position = this.positions.get(who);
      const history = await school.history(who, this.id, '?limit=100');
      if (position === undefined) {
        expect(history.status).toBe(404);
        expect(await school.listed(who, this.id, '?archived=all')).toBeUndefined();
        return;
      }
      const messages = history.body.messages ?? [];
      const unread = messages.filter((m) => m.seq > position && m.sender_id !== idOf(who) && !m.is_deleted).length;
      expect((await school.get(who, this.id)).body.unread_count).toBe(unread);
      // A conversation that nobody has written in is listed for its creator only.
      if (this.head > 0) expect((await school.listed(who, this.id))?.unread_count).toBe(unread);
    }

    private async bySocket(who: TestPerson, event: string, payload: unknown): Promise<unknown> {
      const socket = sockets.get(who);
      if (!socket) throw new Error('no socket');
      const answer = await ask(socket, event, payload);
      return answer.ok ? answer.data : undefined;
    }

    private async byRest(method: string, as: TestPerson, path: string, body?: unknown): Promise<unknown> {
      const options = { as, ...(body === undefined ? {} : { body }) };
      const answer = await service.call(method, `/api/v1/messages/${path}`, options);
      return answer.status < 300 ? answer.body : undefined;
    }

    private async send(who: TestPerson, by: Device): Promise<void> {
      const body = { conversation_id: this.id, content: 'bonjour' };
      const sent = await (by === 'socket'
        ? this.bySocket(who, 'message', body)
        : this.byRest('POST', who, 'send', body));
      expect(sent !== undefined).toBe(this.positions.has(who));
      if (sent === undefined) return;
      const message = sent as MessagePayload;
      this.sent.push(message);
      this.head = Math.max(this.head, message.seq);
      this.move(who, message.seq);
    }

    private async read(who: TestPerson, by: Device, { message_id, seq }: MessagePayload): Promise<void> {
      const read =
        by === 'socket'
          ? this.bySocket(who, 'message_read', { message_id })
          : this.byRest('POST', who, `mark-read/${message_id}`);
      if ((await read) !== undefined) this.move(who, seq);
    }

    private async edit(who: TestPerson, by: Device, message_id: string): Promise<void> {
      const body = { content: 'corrigé' };
      if (by === 'socket') await this.bySocket(who, 'message_edit', { message_id, ...body });
      else await this.byRest('PATCH', who, message_id, body);
    }

    private async delete(who: TestPerson, by: Device, message_id: string): Promise<void> {
      if (by === 'socket') await this.bySocket(who, 'message_delete', { message_id });
      else await this.byRest('DELETE', who, message_id);
    }

    private async join(who: TestPerson): Promise<void> {
      const { status } = await school.add(teacher, this.id, who);
      expect(status).toBeLessThan(300);
      if (!this.positions.has(who)) this.positions.set(who, this.head);
    }

    private async leave(who: TestPerson): Promise<void> {
      await school.remove(teacher, this.id, who);
      this.positions.delete(who);
    }

    private move(who: TestPerson, seq: number): void {
      this.positions.set(who, Math.max(seq, this.positions.get(who) ?? 0));
    }
  }

  it('is what counting by hand in the history gives, for everybody, after every step on either device', async () => {
    const run = async (steps: Step[]): Promise<void> => {
      const course = new Course(await school.group(people));
      for (const one of steps) {
        await course.take(one);
        for (const who of people) await course.compare(who);
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), run), { numRuns: 10 });
  }, 120_000);
});
