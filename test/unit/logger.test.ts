import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.ts';

const capture = (options: { format?: 'auto' | 'json' | 'pretty'; terminal?: boolean } = {}) => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    format: options.format ?? 'json',
    redactionPattern: 'secret|password|token|access.?key|credential|pin',
    stream: { write: (line: string) => void lines.push(line) },
    terminal: options.terminal ?? false,
  });
  return { logger, lines, first: () => JSON.parse(lines[0] ?? '') as Record<string, unknown> };
};

describe('the log', () => {
  it('is one JSON object a line, with the level as a word and the time in UTC', () => {
    const { logger, lines, first } = capture();
    logger.info({ port: 8080 }, 'listening');
    expect(lines[0]).toMatch(/^\{"level":"info","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",/);
    expect(first()).toMatchObject({ level: 'info', port: 8080, msg: 'listening' });
    expect(Object.keys(first()).sort()).toEqual(['level', 'msg', 'port', 'time']);
  });

  it('lets children carry the ids of what they log about', () => {
    const { logger, first } = capture();
    logger.child({ requestId: 'r-1' }).child({ jobId: 'j-1', sessionId: 'default' }).warn('slow');
    expect(first()).toMatchObject({ requestId: 'r-1', jobId: 'j-1', sessionId: 'default' });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture();
    logger.debug('detail');
    expect(lines).toEqual([]);
  });

  it.each([
    ['a bare authorization', { authorization: 'Bearer hush-hush' }],
    ['headers', { headers: { authorization: 'Bearer hush-hush', cookie: 'id=hush-hush' } }],
    ['a request', { req: { headers: { authorization: 'Bearer hush-hush' } } }],
    ['a token one level down', { identity: { token: 'hush-hush' } }],
    ['a Spark secret', { sparkConfig: { 'spark.hadoop.fs.s3a.secret.key': 'hush-hush' } }],
    ['a setting that the operator calls secret', { settings: { 'my.PIN': 'hush-hush' } }],
    ['the parameters of a statement', { parameters: [{ name: 'a', value: 'hush-hush' }] }],
    ['the parameters of a request', { request: { parameters: { a: 'hush-hush' } } }],
  ])('never shows %s', (_, bindings) => {
    const { logger, lines } = capture();
    logger.info(bindings, 'told');
    logger.child(bindings).info('told by a child');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('hush-hush');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('keeps settings that are no secrets', () => {
    const { logger, first } = capture();
    logger.info({ sparkConfig: { 'spark.sql.shuffle.partitions': '2' } }, 'told');
    expect(first().sparkConfig).toEqual({ 'spark.sql.shuffle.partitions': '2' });
  });

  it('writes an error with its message and stack', () => {
    const { logger, first } = capture();
    logger.error(new Error('broken'), 'failed');
    expect(first()).toMatchObject({ level: 'error', err: { message: 'broken' }, msg: 'failed' });
  });

  it.each([
    ['auto', true, false],
    ['auto', false, true],
    ['json', true, true],
    ['pretty', false, false],
  ] as const)('with format %s, terminal %s, is JSON: %s', (format, terminal, json) => {
    const { logger, lines } = capture({ format, terminal });
    logger.info('hello');
    expect(lines[0]?.startsWith('{')).toBe(json);
    expect(lines[0]).toContain('hello');
  });
});
