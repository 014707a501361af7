import type { CallerRole, Role } from '../contract/roles';

/** Who asks: built from a verified token only (contract 1), first argument of every service method. */
export interface Caller {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: CallerRole;
  /** Expiry of the token, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The token as given: sibling services are asked in the caller's name. Never logged, never stored. */
  readonly bearer?: string;
}

/** A caller who is a person: sibling services never write or read conversations through the people's routes. */
export interface Actor extends Caller {
  readonly role: Role;
  /** The socket that asks, if any: it gets the acknowledgement instead of the event. */
  readonly socketId?: string;
}

export const isPerson = (caller: Caller): caller is Actor => caller.role !== 'service';
