import { CircuitBreaker } from '../circuit-breaker';
import type { Clock } from '../clock';

const TIMEOUT_MS = 2_000;
/** More than a page of 1,000 people. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface SiblingAnswer {
  readonly status: number;
  /** undefined when it is not JSON. */
  readonly body: unknown;
}

async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Another service of PresencePro, which may be away, slow or broken: nothing here waits longer than 2 s for it. */
export class SiblingService {
  private readonly breaker: CircuitBreaker;
  private readonly base: string;

  /** @param baseUrl with or without a path */
  constructor(baseUrl: string, clock: Clock) {
    this.base = baseUrl.replace(/\/+$/, '');
    this.breaker = new CircuitBreaker(clock);
  }

  /**
   * One GET. Redirects are not followed: the bearer is for this service only.
   * @param path with a leading slash; ids in it are encoded by the caller
   * @throws when the service does not answer in time, answers 429 or 5xx, or is not asked because it failed too often
   */
  get(path: string, bearer: string): Promise<SiblingAnswer> {
    return this.breaker.run(async () => {
      const response = await fetch(`${this.base}${path}`, {
        headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 429 || response.status >= 500) {
        await response.body?.cancel();
        throw new Error(`answered ${response.status}`);
      }
      return { status: response.status, body: await readJson(response) };
    });
  }
}
