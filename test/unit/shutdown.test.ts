import { describe, expect, it } from 'vitest';
import { runShutdown } from '../../src/shutdown.ts';

const recordingLogger = () => {
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  const logger = { info: at('info'), warn: at('warn'), error: at('error') };
  return { lines, logger: logger as unknown as Parameters<typeof runShutdown>[1] };
};

describe('shutdown', () => {
  it('runs the phases in order, each after the one before has ended', async () => {
    const { logger } = recordingLogger();
    const seen: string[] = [];
    const phase = (name: string) => ({
      name,
      limitMs: 1000,
      run: async () => {
        seen.push(`${name} begins`);
        await Promise.resolve();
        seen.push(`${name} ends`);
      },
    });
    expect(await runShutdown([phase('a'), phase('b')], logger)).toBe(true);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('leaves a phase behind that takes longer than its limit', async () => {
    const { lines, logger } = recordingLogger();
    let reached = false;
    const clean = await runShutdown(
      [
        { name: 'stuck', limitMs: 1, run: () => new Promise<void>(() => {}) },
        {
          name: 'next',
          limitMs: 1000,
          run: () => {
            reached = true;
          },
        },
      ],
      logger,
    );
    expect(clean).toBe(false);
    expect(reached).toBe(true);
    expect(lines.map((line) => [line.level, line.fields.phase])).toEqual([
      ['warn', 'stuck'],
      ['info', 'next'],
    ]);
  });

  it('goes on after a phase that fails and says which one it was', async () => {
    const { lines, logger } = recordingLogger();
    const failing = {
      name: 'failing',
      limitMs: 1000,
      run: () => {
        throw new Error('no');
      },
    };
    expect(await runShutdown([failing], logger)).toBe(false);
    expect(lines).toMatchObject([{ level: 'error', fields: { phase: 'failing' } }]);
  });
});
