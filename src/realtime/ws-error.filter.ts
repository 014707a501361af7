import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { errorName } from '../common/error-name';
import { socketErrorBody } from '../common/errors/error-body';
import { toDomainError } from '../common/errors/to-domain-error';
import type { Peer, Reply } from './peer';

/** Thrown values → the answer of the event. Nest itself would emit `exception` and leave the acknowledgement open. */
@Catch()
export class WsErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(WsErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const { error, unexpected } = toDomainError(thrown);
    if (unexpected) this.logger.error(`a socket event failed: ${errorName(thrown)}`);
    const { language } = host.switchToWs().getClient<Peer>();
    // The dispatcher hands every handler its reply function in place of the client's acknowledgement.
    const reply = host.getArgs<unknown[]>().find((arg): arg is Reply => typeof arg === 'function');
    reply?.({ ok: false, error: socketErrorBody(error, language) });
  }
}
