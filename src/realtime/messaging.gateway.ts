import { UseFilters } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import type { MarkReadResult, MessagePayload } from '../contract/payloads';
import { type Ack, type AuthenticatedPayload, CLIENT_EVENTS } from '../contract/socket-events';
import { MessageReadDto } from '../messages/dto/message-read.dto';
import { SendMessageDto } from '../messages/dto/send-message.dto';
import { MessagesService } from '../messages/messages.service';
import { ReceiptsService } from '../messages/receipts.service';
import type { AppServer, AppSocket } from './app-socket';
import { AuthenticationDto } from './dto/authentication.dto';
import { PingDto } from './dto/ping.dto';
import { FanOutListener } from './fan-out.listener';
import { SocketSessions } from './socket-sessions';
import { WsErrorFilter } from './ws-error.filter';

const done = <T>(data: T): Ack<T> => ({ ok: true, data });

/** The dispatcher lets nobody without an actor through; this only tells the compiler. */
function actorOf({ data }: AppSocket): Actor {
  if (!data.actor) throw new DomainError('AUTH_REQUIRED');
  return data.actor;
}

/**
 * The Socket.IO door (contract 4). The filter is bound here because global filters do not reach gateways; the global
 * InputPipe does, and a second one would be handed what the first has made.
 * A handler returns the acknowledgement; the dispatcher turns it into an event when the client asked for none.
 */
@WebSocketGateway()
@UseFilters(WsErrorFilter)
export class MessagingGateway implements OnGatewayInit<AppServer>, OnGatewayConnection<AppSocket> {
  constructor(
    private readonly sessions: SocketSessions,
    private readonly messages: MessagesService,
    private readonly receipts: ReceiptsService,
    private readonly fanOut: FanOutListener,
    private readonly clock: Clock,
  ) {}

  /** Authentication is middleware: done in `handleConnection` it would race with the first events. */
  afterInit(server: AppServer): void {
    server.use((socket, next) => void this.sessions.admit(socket).then(next));
    this.fanOut.attach(server);
  }

  handleConnection(socket: AppSocket): void {
    this.sessions.begin(socket);
  }

  /** @throws AUTH_FAILED, FORBIDDEN, RATE_LIMITED, TOO_MANY_CONNECTIONS */
  @SubscribeMessage(CLIENT_EVENTS.authentication)
  async authenticate(
    @ConnectedSocket() socket: AppSocket,
    @MessageBody() dto: AuthenticationDto,
  ): Promise<Ack<AuthenticatedPayload>> {
    return done(await this.sessions.authenticate(socket, dto.token));
  }

  /** @throws whatever MessagesService.send refuses */
  @SubscribeMessage(CLIENT_EVENTS.message)
  async send(@ConnectedSocket() socket: AppSocket, @MessageBody() dto: SendMessageDto): Promise<Ack<MessagePayload>> {
    const { message } = await this.messages.send(actorOf(socket), dto);
    return done(message);
  }

  /** @throws MESSAGE_NOT_FOUND */
  @SubscribeMessage(CLIENT_EVENTS.messageRead)
  async markRead(
    @ConnectedSocket() socket: AppSocket,
    @MessageBody() dto: MessageReadDto,
  ): Promise<Ack<MarkReadResult>> {
    return done(await this.receipts.markRead(actorOf(socket), dto));
  }

  /** The time here, for clients that measure. */
  @SubscribeMessage(CLIENT_EVENTS.ping)
  ping(@MessageBody() _dto: PingDto): Ack<{ timestamp: string }> {
    return done({ timestamp: new Date(this.clock.now()).toISOString() });
  }
}
