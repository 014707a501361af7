import type { INestApplication, WebSocketAdapter } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import type { Server as HttpServer } from 'node:http';
import { SystemClock } from '../common/clock';
import type { AppConfig } from '../config/app-config';
import { Doors } from './doors/doors';
import { PlainDoor } from './doors/plain-door';
import { SocketIoDoor } from './doors/socket-io-door';
import type { AppServer } from './doors/socket-io-peer';
import type { Metrics } from '../metrics/metrics';
import { EventDispatcher } from './event-dispatcher';

/** How long closing waits for answers that are under way. */
const ANSWERS_MS = 5000;

/** The one client that Nest ever sees. */
const NOBODY = {};

/**
 * What Nest takes for its socket server: both doors. Nest binds every handler to every client; here it does so once, for
 * nobody, and the dispatcher hands the handlers the peer whose event it is, whichever door that came by.
 */
export class RealtimeAdapter implements WebSocketAdapter<Doors, typeof NOBODY> {
  private readonly dispatcher: EventDispatcher;

  constructor(
    private readonly app: INestApplication,
    private readonly config: AppConfig,
    metrics: Metrics,
  ) {
    this.dispatcher = new EventDispatcher(config.rates.eventsPerSecond, new SystemClock(), (...answer) =>
      metrics.observeEvent(...answer),
    );
  }

  /** @returns the doors on the application's own HTTP server */
  create(): Doors {
    const { app, config } = this;
    const socketIo = new SocketIoDoor((options) => new IoAdapter(app).createIOServer(0, options) as AppServer, config);
    return new Doors([socketIo, new PlainDoor(app.getHttpServer() as HttpServer, config, new SystemClock())]);
  }

  bindClientConnect(doors: Doors, callback: (client: typeof NOBODY) => void): void {
    callback(NOBODY);
    doors.onConnection((peer) => this.dispatcher.bind(peer));
  }

  bindMessageHandlers(_nobody: typeof NOBODY, handlers: MessageMappingProperties[]): void {
    this.dispatcher.serve(handlers);
  }

  /** Lets nobody in, answers what was asked, says goodbye. The HTTP server is closed by its owner, Nest. */
  async close(doors: Doors): Promise<void> {
    doors.stopAdmitting();
    await this.dispatcher.stop(ANSWERS_MS);
    await doors.close();
  }

  /** Nest calls it after `close`. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
