import { UseFilters } from '@nestjs/common';
import { MessageBody, type OnGatewayInit, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import type {
  DeliveredResult,
  MarkReadResult,
  MessagePayload,
  OwnStatusPayload,
  SyncResult,
} from '../contract/payloads';
import {
  type Ack,
  type AuthenticatedPayload,
  CLIENT_EVENTS,
  type ConversationInput,
  type ParticipantPayload,
} from '../contract/socket-events';
import { DeliveryService } from '../messages/delivery.service';
import { MessageDeliveredDto } from '../messages/dto/message-delivered.dto';
import { MessageDeleteDto, MessageEditDto } from '../messages/dto/edit-message.dto';
import { MessageReadDto } from '../messages/dto/message-read.dto';
import { SendMessageDto } from '../messages/dto/send-message.dto';
import { MessageChangesService } from '../messages/message-changes.service';
import { MessagesService } from '../messages/messages.service';
import { ReceiptsService } from '../messages/receipts.service';
import { AuthenticationDto } from './dto/authentication.dto';
import { PeopleService } from '../directory/people.service';
import { ConversationDto } from './dto/conversation.dto';
import { CallingPeer } from './calling-peer';
import { OpenViews } from './open-views';
import { PingDto } from './dto/ping.dto';
import { UserStatusDto } from './dto/user-status.dto';
import type { Doors } from './doors/doors';
import { FanOutListener } from './fan-out.listener';
import { PresenceListener } from './presence.listener';
import type { Peer } from './peer';
import { SyncQueryDto } from '../sync/dto/sync-query.dto';
import { SyncService } from '../sync/sync.service';
import { SocketSessions } from './socket-sessions';
import { TypingService } from './typing.service';
import { WsErrorFilter } from './ws-error.filter';

const done = <T>(data: T): Ack<T> => ({ ok: true, data });

/** The dispatcher lets nobody without an actor through; this only tells the compiler. */
function actorOf({ actor }: Peer): Actor {
  if (!actor) throw new DomainError('AUTH_REQUIRED');
  return actor;
}

/**
 * The events of clients (contract 4), whichever door they come by. The filter is bound here because global filters do not reach gateways; the global
 * InputPipe does, and a second one would be handed what the first has made.
 * A handler returns the acknowledgement; the dispatcher turns it into an event when the client asked for none.
 */
@WebSocketGateway()
@UseFilters(WsErrorFilter)
export class MessagingGateway implements OnGatewayInit<Doors> {
  private readonly closed = ({ actor }: Peer): void => {
    if (actor) void this.typing.socketClosed(actor);
  };

  constructor(
    private readonly sessions: SocketSessions,
    private readonly messages: MessagesService,
    private readonly changes: MessageChangesService,
    private readonly receipts: ReceiptsService,
    private readonly delivery: DeliveryService,
    private readonly typing: TypingService,
    private readonly views: OpenViews,
    private readonly people: PeopleService,
    private readonly fanOut: FanOutListener,
    private readonly presence: PresenceListener,
    private readonly missed: SyncService,
    private readonly clock: Clock,
  ) {}

  afterInit(doors: Doors): void {
    doors.open({
      admit: (peer, token) => this.sessions.admit(peer, token),
      openConversation: async (peer, conversationId) => {
        await this.views.join(peer, conversationId);
      },
    });
    this.fanOut.attach(doors);
    this.presence.attach(doors);
    doors.onConnection((peer) => {
      this.sessions.begin(peer);
      peer.onClose(this.closed);
    });
  }

  /** @throws AUTH_FAILED, FORBIDDEN, RATE_LIMITED, TOO_MANY_CONNECTIONS */
  @SubscribeMessage(CLIENT_EVENTS.authentication)
  async authenticate(
    @CallingPeer() peer: Peer,
    @MessageBody() dto: AuthenticationDto,
  ): Promise<Ack<AuthenticatedPayload>> {
    return done(await this.sessions.authenticate(peer, dto.token));
  }

  /** @throws whatever MessagesService.send refuses */
  @SubscribeMessage(CLIENT_EVENTS.message)
  async send(@CallingPeer() peer: Peer, @MessageBody() dto: SendMessageDto): Promise<Ack<MessagePayload>> {
    const { message } = await this.messages.send(actorOf(peer), dto);
    return done(message);
  }

  /** @throws MESSAGE_NOT_FOUND */
  @SubscribeMessage(CLIENT_EVENTS.messageRead)
  async markRead(@CallingPeer() peer: Peer, @MessageBody() dto: MessageReadDto): Promise<Ack<MarkReadResult>> {
    return done(await this.receipts.markRead(actorOf(peer), dto));
  }

  /** @throws MESSAGE_NOT_FOUND, CONVERSATION_NOT_FOUND, VALIDATION_FAILED */
  @SubscribeMessage(CLIENT_EVENTS.messageDelivered)
  async markDelivered(
    @CallingPeer() peer: Peer,
    @MessageBody() dto: MessageDeliveredDto,
  ): Promise<Ack<DeliveredResult>> {
    return done(await this.delivery.markDelivered(actorOf(peer), dto));
  }

  /** @throws CONVERSATION_NOT_FOUND */
  @SubscribeMessage(CLIENT_EVENTS.messageTyping)
  async startTyping(@CallingPeer() peer: Peer, @MessageBody() dto: ConversationDto): Promise<Ack<ConversationInput>> {
    return done(await this.typing.start(actorOf(peer), dto.conversation_id));
  }

  /** @throws CONVERSATION_NOT_FOUND */
  @SubscribeMessage(CLIENT_EVENTS.messageStopTyping)
  async stopTyping(@CallingPeer() peer: Peer, @MessageBody() dto: ConversationDto): Promise<Ack<ConversationInput>> {
    return done(await this.typing.stop(actorOf(peer), dto.conversation_id));
  }

  /** @throws CONVERSATION_NOT_FOUND */
  @SubscribeMessage(CLIENT_EVENTS.conversationJoin)
  async joinConversation(
    @CallingPeer() peer: Peer,
    @MessageBody() dto: ConversationDto,
  ): Promise<Ack<ParticipantPayload>> {
    return done(await this.views.join(peer, dto.conversation_id));
  }

  @SubscribeMessage(CLIENT_EVENTS.conversationLeave)
  async leaveConversation(
    @CallingPeer() peer: Peer,
    @MessageBody() dto: ConversationDto,
  ): Promise<Ack<ParticipantPayload>> {
    return done(await this.views.leave(peer, dto.conversation_id));
  }

  /** @throws whatever MessageChangesService.edit refuses */
  @SubscribeMessage(CLIENT_EVENTS.messageEdit)
  async edit(@CallingPeer() peer: Peer, @MessageBody() dto: MessageEditDto): Promise<Ack<MessagePayload>> {
    return done(await this.changes.edit(actorOf(peer), dto));
  }

  /** @throws whatever MessageChangesService.remove refuses */
  @SubscribeMessage(CLIENT_EVENTS.messageDelete)
  async remove(@CallingPeer() peer: Peer, @MessageBody() dto: MessageDeleteDto): Promise<Ack<MessagePayload>> {
    return done(await this.changes.remove(actorOf(peer), dto));
  }

  /** As `PUT /presence/me`. */
  @SubscribeMessage(CLIENT_EVENTS.userStatusChange)
  async changeStatus(@CallingPeer() peer: Peer, @MessageBody() dto: UserStatusDto): Promise<Ack<OwnStatusPayload>> {
    return done(await this.people.changeOwn(actorOf(peer), dto));
  }

  /** What the client missed; the same answer as the REST route. */
  @SubscribeMessage(CLIENT_EVENTS.sync)
  async sync(@CallingPeer() peer: Peer, @MessageBody() dto: SyncQueryDto): Promise<Ack<SyncResult>> {
    return done(await this.missed.sync(actorOf(peer), dto));
  }

  /** The time here, for clients that measure. */
  @SubscribeMessage(CLIENT_EVENTS.ping)
  ping(@MessageBody() _dto: PingDto): Ack<{ timestamp: string }> {
    return done({ timestamp: new Date(this.clock.now()).toISOString() });
  }
}
