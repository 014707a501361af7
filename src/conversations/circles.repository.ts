import type { Conversation } from './conversation';

/** People who share a conversation; with an audience all administrators besides. */
export type Circle = Pick<Conversation, 'participants' | 'audience'>;

/** Port: who shares conversations with whom, for several people in one question. */
export abstract class CirclesRepository {
  /** At most `limit` of the conversations of any of the people that have no more than `maxParticipants`. */
  abstract findOf(userIds: readonly string[], maxParticipants: number, limit: number): Promise<Circle[]>;
  /** Those of the people who take part in a support conversation by the access list. */
  abstract findInSupport(userIds: readonly string[]): Promise<string[]>;
}
