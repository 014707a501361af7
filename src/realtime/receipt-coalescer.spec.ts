import type { DomainEventMap } from '../events/domain-event-map';
import { ReceiptCoalescer } from './receipt-coalescer';

type ReadEvent = DomainEventMap['message.read'];

const read = (seq: number, over: Partial<ReadEvent> = {}): ReadEvent => ({
  conversationId: 'c1',
  messageId: `m${seq}`,
  seq,
  readerId: 'marie',
  readAt: '2026-01-01T00:00:00.000Z',
  recipientIds: ['marie'],
  ...over,
});

describe('ReceiptCoalescer', () => {
  let sent: ReadEvent[];
  let coalescer: ReceiptCoalescer<ReadEvent>;
  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    coalescer = new ReceiptCoalescer<ReadEvent>(
      250,
      ({ readerId }) => readerId,
      (event) => sent.push(event),
    );
  });
  afterEach(() => {
    coalescer.close();
    jest.useRealTimers();
  });
  const seqs = (): number[] => sent.map((event) => event.seq);

  it('sends the first at once and the latest at the end of the window', () => {
    [1, 2, 3].forEach((seq) => coalescer.push(read(seq)));
    expect(seqs()).toEqual([1]);
    jest.advanceTimersByTime(249);
    expect(seqs()).toEqual([1]);
    jest.advanceTimersByTime(1);
    expect(seqs()).toEqual([1, 3]);
  });

  it('starts a new window with the delayed one', () => {
    coalescer.push(read(1));
    coalescer.push(read(2));
    jest.advanceTimersByTime(250);
    coalescer.push(read(3));
    expect(seqs()).toEqual([1, 2]);
    jest.advanceTimersByTime(250);
    expect(seqs()).toEqual([1, 2, 3]);
    jest.advanceTimersByTime(250);
    coalescer.push(read(4));
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  it('tells what waits for about the same moment together, never before its window has ended', () => {
    jest.advanceTimersByTime(10);
    for (const readerId of ['marie', 'paul']) {
      [1, 2].forEach((seq) => coalescer.push(read(seq, { readerId })));
      jest.advanceTimersByTime(20);
    }
    jest.advanceTimersByTime(229);
    expect(sent).toHaveLength(2);
    while (sent.length === 2) jest.advanceTimersByTime(1);
    expect(sent.map(({ readerId }) => readerId)).toEqual(['marie', 'paul', 'marie', 'paul']);
  });

  it('never goes backwards', () => {
    coalescer.push(read(5));
    coalescer.push(read(4));
    coalescer.push(read(7));
    coalescer.push(read(6));
    jest.advanceTimersByTime(1000);
    expect(seqs()).toEqual([5, 7]);
  });

  it('keeps everybody whom a held back event named', () => {
    coalescer.push(read(1));
    coalescer.push(read(2, { recipientIds: ['marie', 'paul'], originSocketId: 'a' }));
    coalescer.push(read(3, { recipientIds: ['marie', 'anne'], originSocketId: 'b' }));
    jest.advanceTimersByTime(250);
    expect(sent[1]?.recipientIds).toEqual(['marie', 'paul', 'anne']);
    expect(sent[1]?.originSocketId).toBe('b');
  });

  it('leaves out who left the conversation, also from what comes to stand for a held back event', () => {
    coalescer.push(read(1));
    coalescer.push(read(2, { recipientIds: ['marie', 'paul'] }));
    coalescer.push(read(2, { conversationId: 'c2', recipientIds: ['paul'] }));
    coalescer.forget('c1', 'paul');
    coalescer.push(read(3, { recipientIds: ['marie'] }));
    jest.advanceTimersByTime(250);
    expect(sent.map(({ conversationId, recipientIds }) => [conversationId, recipientIds])).toEqual([
      ['c1', ['marie']],
      ['c2', ['paul']],
      ['c1', ['marie']],
    ]);
  });

  it('keeps readers and conversations apart', () => {
    coalescer.push(read(1));
    coalescer.push(read(1, { readerId: 'paul' }));
    coalescer.push(read(1, { conversationId: 'c2' }));
    expect(sent).toHaveLength(3);
  });

  it('sends nothing after close', () => {
    coalescer.push(read(1));
    coalescer.push(read(2));
    coalescer.close();
    jest.advanceTimersByTime(1000);
    expect(seqs()).toEqual([1]);
  });
});
