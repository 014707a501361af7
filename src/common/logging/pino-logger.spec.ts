import { PinoNestLogger } from './pino-logger';

function capture(level: string, use: (logger: PinoNestLogger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  use(new PinoNestLogger(level, { write: (line: string) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('PinoNestLogger', () => {
  it('writes JSON lines with level, UTC time and context', () => {
    const [line] = capture('info', (logger) => logger.log('started', 'Main'));
    expect(line).toMatchObject({ level: 'info', msg: 'started', context: 'Main', service: 'messaging-service' });
    expect(line?.['time']).toMatch(/Z$/);
  });

  it('keeps below its level still', () => {
    expect(capture('info', (logger) => logger.debug('x'))).toEqual([]);
  });

  it('hides secrets and content by name', () => {
    const entry = { token: 'abc', request: { authorization: 'Bearer abc' }, content: 'abc', status: 200 };
    const lines = capture('info', (logger) => logger.log(entry, 'Http'));
    expect(JSON.stringify(lines)).not.toContain('abc');
    expect(lines[0]).toMatchObject({ details: { status: 200 } });
  });
});
