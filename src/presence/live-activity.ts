import { Injectable } from '@nestjs/common';

/** What people do right now on the sockets of this process. */
@Injectable()
export class LiveActivity {
  private readonly socketsAt = new Map<string, Set<string>>();
  private readonly viewsAt = new Map<string, Set<string>>();
  private readonly typingIn = new Map<string, number>();

  /** A socket shows a conversation. */
  openView(socketId: string, conversationId: string): void {
    add(this.socketsAt, conversationId, socketId);
    add(this.viewsAt, socketId, conversationId);
  }

  closeView(socketId: string, conversationId: string): void {
    remove(this.socketsAt, conversationId, socketId);
    remove(this.viewsAt, socketId, conversationId);
  }

  /** @returns the conversations that the socket shows. */
  viewsOf(socketId: string): string[] {
    return [...(this.viewsAt.get(socketId) ?? [])];
  }

  /** The socket is gone. */
  closeViews(socketId: string): void {
    for (const conversationId of this.viewsAt.get(socketId) ?? []) remove(this.socketsAt, conversationId, socketId);
    this.viewsAt.delete(socketId);
  }

  /** A person began to type in one more conversation, or ended in one. */
  countTyping(userId: string, change: 1 | -1): void {
    const conversations = (this.typingIn.get(userId) ?? 0) + change;
    if (conversations > 0) this.typingIn.set(userId, conversations);
    else this.typingIn.delete(userId);
  }

  /** Conversations that are open on some socket, and people who are typing. */
  counts(): { readonly active_conversations: number; readonly typing_users: number } {
    return { active_conversations: this.socketsAt.size, typing_users: this.typingIn.size };
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function remove(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
