import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HttpOptions } from '../../src/app.ts';
import { FilesFixture } from '../support/files-fixture.ts';
import { listening, testApp } from '../support/http-app.ts';
import { standIns } from '../support/http-services.ts';
import { anEntry } from '../support/store-fixtures.ts';

// They write to a disk that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const sha256 = (content: Buffer | string): string =>
  createHash('sha256').update(content).digest('hex');

const PATIENT = { timeout: 30_000, interval: 10 };

const tokenOf = (name: string, ...roles: ('viewer' | 'user' | 'operator' | 'admin')[]) => ({
  name,
  sha256: sha256(name),
  roles,
  expiresAt: null,
});
const TOKENS = [
  tokenOf('ann', 'user'),
  tokenOf('ben', 'user'),
  tokenOf('eve', 'viewer'),
  tokenOf('op', 'operator'),
  tokenOf('root', 'admin'),
];

let fixture: FilesFixture;
beforeEach(async () => {
  fixture = await FilesFixture.open();
});
afterEach(() => fixture.close());

const serving = async (options: Partial<HttpOptions> = {}, files = fixture.files) => {
  const t = testApp({ ...standIns(), files }, options);
  const { url, port } = await listening(t.app);
  const call = async (method: string, path: string, body?: FormData, headers = {}) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };
  return { ...t, url, port, call };
};

const formOf = (content: string | Buffer, name = 'etl.py', part = 'file'): FormData => {
  const form = new FormData();
  form.append(part, new Blob([new Uint8Array(Buffer.from(content))]), name);
  return form;
};

const onDisk = async (): Promise<readonly string[]> =>
  (await readdir(fixture.path('data/files'), { recursive: true }).catch(() => [])).sort();

/** Waits for the server to have cleared up: it may answer, or lose the client, a turn earlier. */
const leftNothing = async (): Promise<void> => {
  await expect.poll(onDisk, PATIENT).toEqual([]);
  expect((await fixture.store.files.list(null, 10, null)).items).toEqual([]);
};

describe('an upload', () => {
  it('is on disk, hashed and recorded when it is answered', async () => {
    const { call, contractFaults } = await serving();
    const content = randomBytes(700_000);
    const made = await call('POST', '/files', formOf(content, 'wörd count.jar'));
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      fileId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: 'wörd count.jar',
      size: 700_000,
      sha256: sha256(content),
      owner: 'anonymous',
      uploadedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const { fileId } = made.body;
    expect(made.headers.get('location')).toBe(`/api/v1/files/${fileId}`);
    expect(await readFile(fixture.path(`data/files/${fileId}/wörd count.jar`))).toEqual(content);
    expect((await call('GET', `/files/${fileId}`)).body).toEqual(made.body);
    expect((await call('GET', '/files')).body).toEqual({ items: [made.body], nextCursor: null });
    expect(contractFaults).toEqual([]);
  });

  it.each([
    ['../../etc/passwd.py', 'passwd.py'],
    ['C:\\jobs\\a.jar', 'a.jar'],
    ['..', 'file'],
    ['.hidden', 'hidden'],
    ['a,b*c#d%e.jar', 'a_b_c_d_e.jar'],
    [`${'ü'.repeat(200)}.jar`, `${'ü'.repeat(88)}.jar`],
    ['報告\u202e.py', '報告_.py'],
  ])('has a name that is a name: %j', async (given, name) => {
    const { call } = await serving();
    const { body } = await call('POST', '/files', formOf('x', given));
    expect(body.name).toBe(name);
    expect(await onDisk()).toEqual([body.fileId, `${body.fileId}/${name}`]);
  });

  it('may be empty', async () => {
    const { call } = await serving();
    const { body } = await call('POST', '/files', formOf(''));
    expect([body.size, body.sha256]).toEqual([0, sha256('')]);
  });

  it('is not held to the limit of other bodies', async () => {
    const { call } = await serving({ bodyLimitBytes: 1000 });
    expect((await call('POST', '/files', formOf(Buffer.alloc(500_000)))).status).toBe(201);
  });

  it('that is too large is 413 and leaves nothing', async () => {
    const { call, contractFaults } = await serving();
    const { status, body } = await call('POST', '/files', formOf(Buffer.alloc((1 << 20) + 1)));
    expect([status, body.code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(body.detail).toContain('libra.files.max-bytes');
    await leftNothing();
    expect((await call('POST', '/files', formOf(Buffer.alloc(1 << 20)))).status).toBe(201);
    expect(contractFaults).toEqual([]);
  });

  it('that does not fit beside the others is 507 and leaves nothing', async () => {
    const { call } = await serving();
    const sizes = [1 << 20, 1 << 20, 1 << 20, (1 << 20) - 10];
    for (const size of sizes) {
      expect((await call('POST', '/files', formOf(Buffer.alloc(size)))).status).toBe(201);
    }
    const before = await onDisk();
    const { status, body } = await call('POST', '/files', formOf(Buffer.alloc(11)));
    expect([status, body.code]).toEqual([507, 'STORAGE_FULL']);
    expect(await onDisk()).toEqual(before);
    expect((await call('POST', '/files', formOf(Buffer.alloc(10)))).status).toBe(201);
  });

  it('is refused by a store that does not work, and leaves nothing', async () => {
    const { call } = await serving();
    fixture.store.broken = true;
    const { status, body } = await call('POST', '/files', formOf('x'));
    expect([status, body.code]).toEqual([503, 'STORE_UNAVAILABLE']);
    fixture.store.broken = false;
    await leftNothing();
  });

  it('whose record cannot be written leaves nothing', async () => {
    const { call } = await serving();
    fixture.store.before = async (method) => {
      if (method === 'create') fixture.store.broken = true;
    };
    const { status, body } = await call('POST', '/files', formOf('x'));
    expect([status, body.code]).toEqual([503, 'STORE_UNAVAILABLE']);
    fixture.store.before = async () => {};
    fixture.store.broken = false;
    await leftNothing();
  });

  it('is refused while the server stops', async () => {
    const { call } = await serving();
    fixture.stopping = true;
    const { status, body } = await call('POST', '/files', formOf('x'));
    expect([status, body.code]).toEqual([503, 'SERVER_STOPPING']);
    await leftNothing();
  });

  it.each([
    ['no part', new FormData()],
    ['a part of another name', formOf('x', 'a.py', 'data')],
    [
      'a text',
      (() => {
        const form = new FormData();
        form.append('file', 'print(1)');
        return form;
      })(),
    ],
    [
      'two files',
      (() => {
        const form = formOf('x');
        form.append('file', new Blob(['y']), 'b.py');
        return form;
      })(),
    ],
    [
      'a text behind the file',
      (() => {
        const form = formOf('x');
        form.append('note', 'z'.repeat(100_000));
        return form;
      })(),
    ],
  ])('is one file: %s is refused', async (_, form) => {
    const { call } = await serving();
    const { status, body } = await call('POST', '/files', form);
    expect([status, body.code, body.errors[0].field]).toEqual([400, 'INVALID_REQUEST', 'file']);
    await leftNothing();
    // The connection goes on.
    expect((await call('POST', '/files', formOf('x'))).status).toBe(201);
  });

  it.each([
    ['multipart/form-data', 'x', 400, 'INVALID_REQUEST'],
    ['multipart/form-data; boundary=b', 'x', 400, 'INVALID_REQUEST'],
    ['multipart/form-data; boundary=b', '', 400, 'INVALID_REQUEST'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\nprint(',
      400,
      'INVALID_REQUEST',
    ],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="__proto__"; filename="a.py"\r\n\r\nx\r\n--b--\r\n',
      400,
      'INVALID_REQUEST',
    ],
    ['application/json', '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/octet-stream', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('is a whole form: %s %j is refused', async (type, payload, status, code) => {
    const { app } = await serving();
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/files',
      headers: { 'content-type': type },
      payload,
    });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    await leftNothing();
  });

  it('that its client leaves in the middle leaves nothing', async () => {
    const { port } = await serving();
    const sent = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/api/v1/files',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    });
    sent.on('error', () => {});
    sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n');
    sent.write(Buffer.alloc(300_000));
    await expect.poll(async () => (await onDisk()).length, PATIENT).toBe(1);
    sent.destroy();
    await leftNothing();
    // What had arrived counts for nobody any more.
    expect(await fixture.store.files.totalBytes()).toBe(0);
  });

  it('may be slow as long as it is steady, unlike other bodies', async () => {
    const { port } = await serving({ headersTimeoutMs: 100, requestTimeoutMs: 150 });
    const answer = await new Promise<{ status: number }>((resolve, reject) => {
      const sent = httpRequest(
        {
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/api/v1/files',
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
        },
        (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0 });
        },
      );
      sent.on('error', reject);
      sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n');
      let pieces = 0;
      const timer = setInterval(() => {
        pieces += 1;
        if (pieces < 20) return void sent.write('x');
        clearInterval(timer);
        sent.end('\r\n--b--\r\n');
      }, 30);
    });
    expect(answer.status).toBe(201);
  });

  it('that stands still is 408 and leaves nothing', async () => {
    const { port } = await serving({ headersTimeoutMs: 100, requestTimeoutMs: 150 });
    const answer = await new Promise<{ status: number }>((resolve, reject) => {
      const sent = httpRequest(
        {
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/api/v1/files',
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
        },
        (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0 });
        },
      );
      sent.on('error', reject);
      sent.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\nx');
    });
    expect(answer.status).toBe(408);
    await leftNothing();
  });

  it('is made once for an idempotency key', async () => {
    const { call } = await serving();
    const key = { 'Idempotency-Key': 'k-1' };
    const first = await call('POST', '/files', formOf('x'), key);
    const again = await call('POST', '/files', formOf('x'), key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const other of [formOf('y'), formOf('x', 'other.py')]) {
      const { status, body } = await call('POST', '/files', other, key);
      expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    }
    expect(await onDisk()).toEqual([first.body.fileId, `${first.body.fileId}/etl.py`]);
    await call('DELETE', `/files/${first.body.fileId}`);
    const anew = await call('POST', '/files', formOf('y'), key);
    expect([anew.status, anew.body.fileId === first.body.fileId]).toEqual([201, false]);
  });
});

describe('files', () => {
  const as = (name: string) => ({ authorization: `Bearer ${name}` });

  it('belong to who uploaded them', async () => {
    const { call, contractFaults } = await serving({ tokens: TOKENS });
    const { fileId } = (await call('POST', '/files', formOf('x'), as('ann'))).body;
    const path = `/files/${fileId}`;
    const idsOf = async (name: string): Promise<readonly string[]> =>
      (await call('GET', '/files', undefined, as(name))).body.items.map(
        (file: { fileId: string }) => file.fileId,
      );
    expect([await idsOf('ann'), await idsOf('ben'), await idsOf('op')]).toEqual([
      [fileId],
      [],
      [fileId],
    ]);
    expect((await call('GET', path, undefined, as('ben'))).body.code).toBe('NOT_FOUND');
    expect((await call('DELETE', path, undefined, as('ben'))).body.code).toBe('NOT_FOUND');
    expect((await call('DELETE', path, undefined, as('op'))).body.code).toBe('FORBIDDEN');
    expect((await call('POST', '/files', formOf('x'), as('eve'))).body.code).toBe('FORBIDDEN');
    expect((await call('POST', '/files', formOf('x'))).body.code).toBe('UNAUTHENTICATED');
    expect((await call('GET', path, undefined, as('op'))).body.owner).toBe('ann');
    expect((await call('DELETE', path, undefined, as('root'))).status).toBe(204);
    expect((await call('GET', path, undefined, as('ann'))).status).toBe(404);
    expect(await onDisk()).toEqual([]);
    expect(contractFaults).toEqual([]);
  });

  it('are listed in pages', async () => {
    const { call } = await serving();
    for (const name of ['a', 'b', 'c']) await call('POST', '/files', formOf('x', name));
    const first = (await call('GET', '/files?limit=2')).body;
    const second = (await call('GET', `/files?limit=2&cursor=${first.nextCursor}`)).body;
    const names = [...first.items, ...second.items].map((file: { name: string }) => file.name);
    expect([names, second.nextCursor]).toEqual([['c', 'b', 'a'], null]);
    expect((await call('GET', '/files?cursor=x')).body.code).toBe('BAD_CURSOR');
  });

  it('stay while a job that has not ended names them', async () => {
    const { call } = await serving();
    for (const nameIn of [
      (id: string) => ({ filePath: id }),
      (id: string) => ({ sparkConfig: { 'spark.jars': `s3a://b/c.jar,${id.toUpperCase()}` } }),
    ]) {
      const { fileId } = (await call('POST', '/files', formOf('x'))).body;
      const entry = anEntry({ request: { kind: 'jar', ...nameIn(fileId) } });
      await fixture.store.jobs.create(entry);
      const refused = await call('DELETE', `/files/${fileId}`);
      expect([refused.status, refused.body.code]).toEqual([409, 'JOB_ACTIVE']);
      expect(refused.body.detail).toContain(entry.job.id);
      await fixture.store.jobs.transition(entry.job.id, 'QUEUED', 'CANCELLED', { completedAt: 1 });
      expect((await call('DELETE', `/files/${fileId}`)).status).toBe(204);
    }
  });

  it.each(['x', '..%2f..%2flibra.db', '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11'])(
    'that there are not are 404: %s',
    async (id) => {
      const { call } = await serving();
      expect((await call('GET', `/files/${id}`)).body.code).toBe('NOT_FOUND');
      expect((await call('DELETE', `/files/${id}`)).body.code).toBe('NOT_FOUND');
    },
  );
});

describe('a new start', () => {
  it('sweeps what never became a file, and nothing else', async () => {
    const { call } = await serving();
    const { fileId } = (await call('POST', '/files', formOf('x'))).body;
    const other = '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11';
    await fixture.write(`data/files/${other}/lost.py`);
    await fixture.write('data/files/0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a12.part');
    await fixture.write(`data/files/${fileId}.part`);
    await fixture.write('data/files/notes/mine.txt');
    await fixture.files.start();
    expect(await onDisk()).toEqual([fileId, `${fileId}/etl.py`, 'notes', 'notes/mine.txt']);
  });
});
