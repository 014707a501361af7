import { createHash } from 'node:crypto';

/** A Lua script that runs as one step on the server. It declares its keys. */
export interface RedisScript {
  readonly text: string;
  readonly sha1: string;
}

export const redisScript = (text: string): RedisScript => ({
  text,
  sha1: createHash('sha1').update(text).digest('hex'),
});
