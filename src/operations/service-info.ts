import type { AppConfig } from '../config/app-config';
import type { StoreStatus } from '../database/store-status';
import type { RedisStatus } from '../redis/redis-status';

const TYPING_EXPIRY_SECONDS = 6;

/** What clients and operators may know of a running service: limits, timings, what it works with. No secret, no address. */
export const serviceInfo = (config: AppConfig, store: StoreStatus, redis: RedisStatus, now: number) => ({
  service: { name: 'messaging-service' as const, version: config.service.version, port: config.service.port },
  database: { store: store.kind, connected: store.isReady() },
  websocket: {
    socket_io_path: '/socket.io',
    websocket_path: '/ws',
    ping_interval_seconds: config.websocket.pingIntervalMs / 1000,
    ping_timeout_seconds: config.websocket.pingTimeoutMs / 1000,
    authentication_timeout_seconds: config.websocket.authenticationTimeoutMs / 1000,
  },
  configuration: {
    max_message_length: config.maxMessageLength,
    message_edit_window_minutes: config.editWindowMs / 60_000,
    max_group_participants: config.maxGroupParticipants,
    max_connections_per_user: config.websocket.maxConnectionsPerUser,
    typing_expiry_seconds: TYPING_EXPIRY_SECONDS,
    page_sizes: {
      history: { default: 50, max: 100 },
      conversations: { default: 20, max: 50 },
      users: { default: 20, max: 50 },
      online_users: { default: 100, max: 500 },
    },
    rate_limits: {
      messages_per_minute: config.rates.messagesPerMinute,
      changes_per_minute: config.rates.changesPerMinute,
      connections_per_minute: config.rates.connectionsPerMinute,
      events_per_second: config.rates.eventsPerSecond,
    },
    default_timezone: config.timeZone,
  },
  external_services: {
    auth_introspection: config.authIntrospection,
    directory_sync: config.directorySync !== undefined,
    redis: { configured: redis.configured },
  },
  features: { docs: config.docs, plain_websocket: true, several_nodes: redis.configured },
  timestamp: new Date(now).toISOString(),
});
