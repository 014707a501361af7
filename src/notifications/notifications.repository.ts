export interface Told {
  readonly conversationId: string;
  readonly userId: string;
}

/** Port: how far the log was looked through, and who was told lately. */
export abstract class NotificationsRepository {
  /** @returns up to which time of creation messages were looked at; undefined before the first run. */
  abstract progress(): Promise<Date | undefined>;
  /** Only forwards. */
  abstract moveProgress(to: Date): Promise<void>;
  /** @returns which of the users were told of the conversation after `since`. */
  abstract toldSince(conversationId: string, userIds: readonly string[], since: Date): Promise<Set<string>>;
  abstract remember(told: readonly Told[], at: Date): Promise<void>;
  abstract forgetBefore(at: Date): Promise<void>;
}
