import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { Identity } from '../../src/domain/identity.ts';
import type { Job } from '../../src/domain/job.ts';
import type { ResultSummary } from '../../src/domain/result.ts';
import type { ResultUseCases } from '../../src/http/services.ts';
import { orphanResults, removeResult, resultBytes } from '../../src/results/result-disk.ts';
import { ResultDamagedError } from '../../src/results/result-folder.ts';
import { ResultService } from '../../src/results/result-service.ts';
import { resultFixture, writeResultFolder } from '../support/arrow-fixtures.ts';
import { aRequest } from '../support/job-request.ts';

const ID = '01930000-0000-7000-8000-000000000001';
const who: Identity = { name: 'me', roles: ['user'] };
const fixture = resultFixture('many-chunks');

const summary: ResultSummary = {
  text: '',
  columns: fixture.columns,
  rowCount: 50,
  truncated: false,
  complete: true,
  byteCount: 1,
};

const jobWith = (change: Partial<Job>): Job => ({
  id: ID,
  sessionId: 'default',
  owner: 'me',
  executor: 'embedded',
  state: 'SUCCESS',
  attempt: 1,
  request: aRequest({ code: fixture.sql }),
  requestId: null,
  submittedAt: 0,
  startedAt: 0,
  completedAt: 1,
  progress: 1,
  waitingFor: null,
  cancelCause: null,
  error: null,
  result: summary,
  applicationId: null,
  sparkUiUrl: null,
  resultPrunedAt: null,
  serverId: 's',
  lastEventId: 0,
  ...change,
});

let resultsDir = '';
beforeEach(async () => {
  resultsDir = await mkdtemp(join(tmpdir(), 'libra-results-'));
});
afterEach(() => rm(resultsDir, { recursive: true, force: true }));

const serviceFor = (change: Partial<Job> = {}): ResultUseCases =>
  new ResultService({
    resultsDir,
    jobOf: async (identity, id) => {
      if (id !== ID || identity.name !== 'me') throw new Problem('NOT_FOUND', 'No such job');
      return jobWith(change);
    },
  });

const textOf = async (bytes: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof Problem)) throw new Error(`No problem, but ${error}`);
  return error.code;
};

const openFiles = async (): Promise<number> => {
  const links = await readdir('/proc/self/fd');
  const targets = await Promise.all(
    links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(resultsDir)).length;
};

describe('paging', () => {
  beforeEach(() => writeResultFolder(join(resultsDir, ID), fixture));

  const page = async (offset: number, limit: number | null) => {
    const text = await textOf(await serviceFor().read(who, ID, 'json', offset, limit));
    const { rows, nextOffset } = JSON.parse(text);
    return { ids: rows.map((row: string[]) => Number(row[0])), nextOffset };
  };
  const span = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('reads any range and says where the next one begins', async () => {
    expect(await page(0, null)).toEqual({ ids: span(0, 50), nextOffset: null });
    expect(await page(0, 10)).toEqual({ ids: span(0, 10), nextOffset: 10 });
    expect(await page(6, 11)).toEqual({ ids: span(6, 17), nextOffset: 17 });
    expect(await page(16, 1)).toEqual({ ids: [16], nextOffset: 17 });
    expect(await page(40, 10)).toEqual({ ids: span(40, 50), nextOffset: null });
    expect(await page(49, 1000)).toEqual({ ids: [49], nextOffset: null });
  });

  it('answers no rows past the end', async () => {
    expect(await page(50, 10)).toEqual({ ids: [], nextOffset: null });
    expect(await page(1e12, null)).toEqual({ ids: [], nextOffset: null });
    expect(await textOf(await serviceFor().read(who, ID, 'csv', 99, null))).toBe(
      'id,s,even,l,st,d\r\n',
    );
    expect(await textOf(await serviceFor().read(who, ID, 'ndjson', 99, null))).toBe('');
  });

  it('opens nothing but the chunks that it needs', async () => {
    await rm(join(resultsDir, ID, 'chunk-00000.arrow'));
    await rm(join(resultsDir, ID, 'chunk-00002.arrow'));
    expect((await page(20, 5)).ids).toEqual(span(20, 25));
  });
});

describe('what has no rows to give', () => {
  it('is 404 for what the identity may not see', async () => {
    const other: Identity = { name: 'other', roles: ['user'] };
    expect(await codeOf(serviceFor().read(other, ID, 'json', 0, null))).toBe('NOT_FOUND');
  });

  for (const state of ['QUEUED', 'RUNNING', 'FAILED', 'CANCELLED', 'LOST'] as const) {
    it(`is 409 while the job is ${state}`, async () => {
      const read = serviceFor({ state, result: null }).read(who, ID, 'json', 0, null);
      expect(await codeOf(read)).toBe('RESULT_NOT_READY');
    });
  }

  it('is 410 when it was pruned, or its folder is gone or unfinished', async () => {
    const pruned = serviceFor({ resultPrunedAt: 5 }).read(who, ID, 'csv', 0, null);
    expect(await codeOf(pruned)).toBe('RESULT_GONE');
    expect(await codeOf(serviceFor().read(who, ID, 'csv', 0, null))).toBe('RESULT_GONE');
    await writeResultFolder(join(resultsDir, ID), fixture);
    await rm(join(resultsDir, ID, 'manifest.json'));
    expect(await codeOf(serviceFor().read(who, ID, 'csv', 0, null))).toBe('RESULT_GONE');
  });

  it('is the printed text for code, and 406 in any other form', async () => {
    const result = { ...summary, columns: null, rowCount: null, text: 'hello\n' };
    const service = serviceFor({ result });
    expect(await textOf(await service.read(who, ID, 'text', 0, null))).toBe('hello\n');
    expect(await codeOf(service.read(who, ID, 'csv', 0, null))).toBe('NOT_ACCEPTABLE');
  });

  it('is an empty schema for a command', async () => {
    await writeResultFolder(join(resultsDir, ID), resultFixture('no-columns'));
    const service = serviceFor();
    expect(await textOf(await service.read(who, ID, 'text', 0, null))).toBe('Schema: struct<>\n\n');
    expect(await textOf(await service.read(who, ID, 'json', 0, null))).toBe(
      '{"schema":[],"rows":[],"nextOffset":null}',
    );
  });
});

describe('a result that is damaged', () => {
  beforeEach(() => writeResultFolder(join(resultsDir, ID), fixture));

  it('breaks the stream when it vanishes in the middle', async () => {
    for (const format of ['json', 'arrow'] as const) {
      await writeResultFolder(join(resultsDir, ID), fixture);
      const bytes = await serviceFor().read(who, ID, format, 0, null);
      await removeResult(resultsDir, ID);
      await expect(textOf(bytes)).rejects.toBeInstanceOf(ResultDamagedError);
    }
  });

  it('breaks the stream when a chunk is shorter than the manifest says', async () => {
    await truncate(join(resultsDir, ID, 'chunk-00002.arrow'), 100);
    for (const format of ['text', 'arrow'] as const) {
      const bytes = await serviceFor().read(who, ID, format, 0, null);
      await expect(textOf(bytes)).rejects.toBeInstanceOf(ResultDamagedError);
    }
  });

  it('is an error of the server when the manifest contradicts itself', async () => {
    const file = join(resultsDir, ID, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...manifest, rowCount: 49 }));
    expect(await codeOf(serviceFor().read(who, ID, 'json', 0, null))).toBe('INTERNAL');
    manifest.chunks[0].file = '../../secret';
    await writeFile(file, JSON.stringify(manifest));
    expect(await codeOf(serviceFor().read(who, ID, 'json', 0, null))).toBe('INTERNAL');
  });
});

describe('a reader that goes away', () => {
  it.runIf(process.platform === 'linux')('leaves no file open', async () => {
    await writeResultFolder(join(resultsDir, ID), fixture);
    const bytes = await serviceFor().read(who, ID, 'arrow', 0, null);
    let seen = 0;
    for await (const _ of bytes) {
      seen += 1;
      if (seen === 2) {
        expect(await openFiles()).toBe(1);
        break;
      }
    }
    expect(await openFiles()).toBe(0);
  });
});

describe('results on disk', () => {
  it('are removed whole, and removing again is no error', async () => {
    await writeResultFolder(join(resultsDir, ID), fixture);
    expect(await resultBytes(resultsDir)).toBeGreaterThan(1000);
    await removeResult(resultsDir, ID);
    await removeResult(resultsDir, ID);
    expect(await readdir(resultsDir)).toEqual([]);
    expect(await resultBytes(resultsDir)).toBe(0);
  });

  it('that belong to nobody are found, remains of a removal among them', async () => {
    for (const name of [ID, 'stranger', '.removed-half']) await mkdir(join(resultsDir, name));
    await writeFile(join(resultsDir, 'note.txt'), 'not ours');
    const orphans = await orphanResults(resultsDir, async (id) => id === ID);
    expect([...orphans].sort()).toEqual(['.removed-half', 'stranger']);
    for (const orphan of orphans) await removeResult(resultsDir, orphan);
    expect((await readdir(resultsDir)).sort()).toEqual([ID, 'note.txt']);
  });

  it('are none where there is no folder yet', async () => {
    const missing = join(resultsDir, 'missing');
    expect(await resultBytes(missing)).toBe(0);
    expect(await orphanResults(missing, async () => true)).toEqual([]);
  });
});
