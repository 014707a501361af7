import { Injectable, type OnModuleInit } from '@nestjs/common';
import { StoreStatus } from '../database/store-status';
import { DomainEvents } from '../events/domain-events';
import { Metrics } from '../metrics/metrics';
import { ConnectionRegistry } from '../presence/connection-registry';
import { LiveActivity } from '../presence/live-activity';

/** Feeds the metrics from what happens; the doors time their own requests. */
@Injectable()
export class MetricsListener implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly events: DomainEvents,
    private readonly store: StoreStatus,
    /** Of this process: Prometheus adds up. */
    private readonly connections: ConnectionRegistry,
    private readonly activity: LiveActivity,
  ) {}

  onModuleInit(): void {
    const { metrics, events, connections, activity } = this;
    metrics.collectProcess();
    events.on('message.created', ({ message }) => metrics.countMessage(message.message_type, message.sender_role));
    events.on('message.delivered', () => metrics.countDelivery());
    this.store.onOperation((ms) => metrics.observeStore(ms));
    const counts = connections.counts.bind(connections);
    metrics.gauge('messaging_connections', 'Open connections.', () => counts().total_connections);
    metrics.gauge(
      'messaging_authenticated_connections',
      'Open connections with a person.',
      () => counts().authenticated_connections,
    );
    metrics.gauge('messaging_users_online', 'People with an open connection.', () => counts().users_online);
    metrics.gauge('messaging_typing_users', 'People who are typing.', () => activity.counts().typing_users);
  }
}
