import type { Answer, AnswerBody, CallOptions } from './test-app';
import { tokenFor } from './tokens';

/** One request to a service at `url`. The body comes back parsed. */
export async function call(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { as, body, headers = {} } = options;
  const token = typeof as === 'string' ? as : as && tokenFor(as);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = (text.startsWith('{') ? JSON.parse(text) : {}) as AnswerBody;
  return { status: response.status, headers: response.headers, body: parsed, text };
}
