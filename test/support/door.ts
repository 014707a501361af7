import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { configureApp, createFastifyAdapter } from '../../src/app.setup';
import { AuthService } from '../../src/auth/auth.service';
import { identityFromClaims } from '../../src/auth/claims';
import type { Caller } from '../../src/common/actor';
import { Clock, SystemClock } from '../../src/common/clock';
import { DomainError } from '../../src/common/errors/domain-error';
import { AppConfig } from '../../src/config/app-config';
import { loadConfiguration } from '../../src/config/configuration';
import type { MessagePayload } from '../../src/contract/payloads';
import { ConversationReader } from '../../src/conversations/conversation-reader';
import { DomainEvents } from '../../src/events/domain-events';
import { DeliveryService } from '../../src/messages/delivery.service';
import { MessageChangesService } from '../../src/messages/message-changes.service';
import { PeopleService } from '../../src/directory/people.service';
import { MessagesService } from '../../src/messages/messages.service';
import { ReceiptsService } from '../../src/messages/receipts.service';
import { ConnectionRegistry } from '../../src/presence/connection-registry';
import { LiveActivity } from '../../src/presence/live-activity';
import { LocalPresence } from '../../src/presence/local-presence';
import { Presence } from '../../src/presence/presence';
import { RateLimits } from '../../src/rate-limits/rate-limits';
import { OpenViews } from '../../src/realtime/open-views';
import { FanOutListener } from '../../src/realtime/fan-out.listener';
import { MessagingGateway } from '../../src/realtime/messaging.gateway';
import { NodeRelay } from '../../src/realtime/nodes/node-relay';
import { PresenceListener } from '../../src/realtime/presence.listener';
import { SocketSessions } from '../../src/realtime/socket-sessions';
import { TypingService } from '../../src/realtime/typing.service';
import { RedisConnection } from '../../src/redis/redis-connection';
import { SyncService } from '../../src/sync/sync.service';
import { TEST_SECRET } from './tokens';

/** Signatures are tested elsewhere: here a token is its claims, and `exp` in the past is refused. */
class ClaimsAuth {
  authenticate(token: string): Promise<Caller> {
    try {
      const identity = identityFromClaims(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
      if (identity.expiresAt > Date.now()) return Promise.resolve(identity);
    } catch {
      // refused below
    }
    return Promise.reject(new DomainError('AUTH_FAILED'));
  }
}

/** What every send answers. */
export const SAMPLE = { message_id: 'm1', conversation_id: 'c1', seq: 7, status: 'sent', created_at: 'then' };

/** The one conversation that everybody is in. */
export const KNOWN_CONVERSATION = '3f1c9f52-64a4-4d0e-9f0a-0a4c7c1d2b11';
const onlyKnown = (id: string): Promise<{ id: string }> =>
  id === KNOWN_CONVERSATION ? Promise.resolve({ id }) : Promise.reject(new DomainError('CONVERSATION_NOT_FOUND'));

/** The doors of live clients alone: the services behind them are stand-ins. */
export interface Door {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly events: DomainEvents;
  readonly registry: ConnectionRegistry;
  readonly send: jest.Mock;
}

export async function openDoor(env: Record<string, string> = {}, authenticationTimeoutMs = 10_000): Promise<Door> {
  const given = { NODE_ENV: 'test', SECRET_KEY: TEST_SECRET, CORS_ORIGINS: 'https://school.example', ...env };
  const loaded = loadConfiguration(given, tmpdir());
  const config: AppConfig = { ...loaded, websocket: { ...loaded.websocket, authenticationTimeoutMs } };
  const send = jest.fn(() => Promise.resolve({ message: SAMPLE as MessagePayload, duplicate: false }));
  const module = await Test.createTestingModule({
    providers: [
      MessagingGateway,
      SocketSessions,
      FanOutListener,
      OpenViews,
      TypingService,
      ConnectionRegistry,
      LiveActivity,
      {
        provide: Presence,
        inject: [ConnectionRegistry],
        useFactory: (registry: ConnectionRegistry) =>
          new LocalPresence(registry, config.websocket.maxConnectionsPerUser, 5_000, new SystemClock()),
      },
      PresenceListener,
      DomainEvents,
      RateLimits,
      { provide: RedisConnection, useValue: new RedisConnection(undefined) },
      { provide: AppConfig, useValue: config },
      { provide: Clock, useClass: SystemClock },
      { provide: AuthService, useClass: ClaimsAuth },
      { provide: MessagesService, useValue: { send } },
      { provide: DeliveryService, useValue: {} },
      { provide: PeopleService, useValue: {} },
      { provide: ConversationReader, useValue: { requireForParticipant: onlyKnown } },
      { provide: MessageChangesService, useValue: {} },
      { provide: SyncService, useValue: {} },
      { provide: NodeRelay, useValue: { enabled: false, attach: () => undefined } },
      { provide: ReceiptsService, useValue: { markRead: () => Promise.reject(new DomainError('MESSAGE_NOT_FOUND')) } },
    ],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createFastifyAdapter(config), { logger: false });
  await configureApp(app, config);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { app, url, send, events: app.get(DomainEvents), registry: app.get(ConnectionRegistry) };
}
