import type { Role } from '../contract/roles';

/** The command line has no token: what an operator starts there is theirs. */
export const OPERATOR = 'operator';

export type AuditEntry =
  | {
      readonly action: 'message.deleted';
      /** An admin of the conversation, deleting what another wrote. */
      readonly actorId: string;
      /** The sender. */
      readonly subjectId: string;
      readonly details: { readonly conversationId: string; readonly messageId: string };
    }
  | {
      readonly action: 'user.exported' | 'user.erased';
      readonly actorId: string;
      readonly subjectId: string;
    }
  | {
      readonly action: 'role.changed';
      /** User id of an admin, name of a sibling service, or `OPERATOR`. */
      readonly actorId: string;
      readonly subjectId: string;
      readonly details: { readonly from: Role; readonly to: Role };
    };

export type StoredAuditEntry = AuditEntry & { readonly id: string; readonly at: Date };
