const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Parses a JSON body. Reserved keys (`__proto__`) are left to InputPipe, which names them.
 * @param body bytes as received
 * @returns the value; undefined for an empty body, which many clients send with a JSON content type
 * @throws when the bytes are not UTF-8 or not JSON
 */
export function parseJson(body: Buffer | string): unknown {
  const text = typeof body === 'string' ? body : utf8.decode(body);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
