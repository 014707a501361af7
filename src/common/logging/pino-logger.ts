import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream, type Level, type Logger } from 'pino';

/** Deny-list by name, in a logged object and one level down: what must never be in a log, whoever passes it. */
const SECRET_KEYS = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'password',
  'secret',
  'content',
  'body',
  'url',
];
const REDACTED = SECRET_KEYS.flatMap((key) => [`details.${key}`, `details.*.${key}`]);

/** Nest's own report of what it wires, some fifty lines a start: of use to who debugs the wiring only. */
const WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'WebSocketsController', 'NestFactory']);

/** Nest's logger as JSON lines on standard output: level, time (ISO 8601 UTC), context, msg. */
export class PinoNestLogger implements LoggerService {
  private readonly pino: Logger;

  /**
   * @param level least severe level that is written: fatal, error, warn, info, debug, trace or silent
   * @param destination standard output unless a test passes its own
   */
  constructor(level: string, destination?: DestinationStream) {
    const options = {
      level,
      base: { service: 'messaging-service' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    };
    this.pino = destination ? pino(options, destination) : pino(options);
  }

  log(message: unknown, ...parameters: unknown[]): void {
    const context = parameters.at(-1);
    this.write(typeof context === 'string' && WIRING.has(context) ? 'debug' : 'info', message, parameters);
  }

  error(message: unknown, ...parameters: unknown[]): void {
    this.write('error', message, parameters);
  }

  warn(message: unknown, ...parameters: unknown[]): void {
    this.write('warn', message, parameters);
  }

  debug(message: unknown, ...parameters: unknown[]): void {
    this.write('debug', message, parameters);
  }

  verbose(message: unknown, ...parameters: unknown[]): void {
    this.write('trace', message, parameters);
  }

  fatal(message: unknown, ...parameters: unknown[]): void {
    this.write('fatal', message, parameters);
  }

  /** Nest passes the context as the last parameter; for errors a stack may stand before it. */
  private write(level: Level, message: unknown, parameters: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const last = parameters.at(-1);
    const context = typeof last === 'string' ? last : undefined;
    if (typeof message === 'string') this.pino[level]({ context }, message);
    else if (message instanceof Error) this.pino[level]({ context, error: message.name }, message.message);
    else this.pino[level]({ context, details: message });
  }
}
