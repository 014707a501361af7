import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { errorName } from '../common/error-name';
import { socketErrorBody } from '../common/errors/error-body';
import { toDomainError } from '../common/errors/to-domain-error';
import { peerOf, replyOf } from './calling-peer';

/** Thrown values → the answer of the event. Nest itself would emit `exception` and leave the acknowledgement open. */
@Catch()
export class WsErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(WsErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const { error, unexpected } = toDomainError(thrown);
    if (unexpected) this.logger.error(`a socket event failed: ${errorName(thrown)}`);
    replyOf(host)({ ok: false, error: socketErrorBody(error, peerOf(host).language) });
  }
}
