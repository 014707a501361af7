import { Injectable, Logger } from '@nestjs/common';
import type { DomainEventMap, DomainEventName } from './domain-event-map';

type Listener<N extends DomainEventName> = (payload: DomainEventMap[N]) => void;
type Listeners = { [N in DomainEventName]?: Listener<N>[] };

/**
 * Typed, synchronous, in order. A failing listener is logged and isolated: it never fails the write that caused it.
 */
@Injectable()
export class DomainEvents {
  private readonly logger = new Logger(DomainEvents.name);
  private readonly listeners: Listeners = {};

  on<N extends DomainEventName>(name: N, listener: Listener<N>): void {
    const list: Listener<N>[] = this.listeners[name] ?? [];
    list.push(listener);
    (this.listeners as Record<N, Listener<N>[]>)[name] = list;
  }

  emit<N extends DomainEventName>(name: N, payload: DomainEventMap[N]): void {
    for (const listener of this.listeners[name] ?? []) {
      try {
        listener(payload);
      } catch (error) {
        this.logger.error(`a listener of ${name} failed: ${error instanceof Error ? error.message : 'unknown error'}`);
      }
    }
  }
}
