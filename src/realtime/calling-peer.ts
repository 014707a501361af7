import { type ArgumentsHost, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Peer, Reply } from './peer';

/** What a handler of Nest is called with: the client it is bound to, which is nobody, then what the dispatcher gives. */
type HandlerArguments = readonly [nobody: unknown, payload: unknown, reply: Reply, peer: Peer];

const argumentsOf = (host: ArgumentsHost): HandlerArguments => host.getArgs<[...HandlerArguments]>();

/** @returns whose event is handled. */
export const peerOf = (host: ArgumentsHost): Peer => argumentsOf(host)[3];

/** @returns the function that answers the event. */
export const replyOf = (host: ArgumentsHost): Reply => argumentsOf(host)[2];

/**
 * The peer whose event is handled. In place of Nest's `ConnectedSocket`: that one is bound anew for every event and
 * connection, which costs an idle one more than all else that is kept for it.
 */
export const CallingPeer = createParamDecorator((_data: unknown, context: ExecutionContext) => peerOf(context));
