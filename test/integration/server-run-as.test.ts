import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOfUser } from '../../src/processes/user-processes.ts';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { makeJar } from '../support/java-jars.ts';
import { openPython } from '../support/open-python.ts';
import { ServerProcess } from '../support/server-process.ts';
import { sparkHome } from '../support/spark-home.ts';

const IDS = [61_201, 61_202] as const;
const TOKENS = { ana: 'ana-token-for-tests', ben: 'ben-token-for-tests' } as const;
type Name = keyof typeof TOKENS;

const folder = mkdtempSync(join(tmpdir(), 'libra-run-as-'));
const python = process.getuid?.() === 0 ? openPython(join(folder, 'python')) : null;
const canRun = python !== null;

const dataDir = join(folder, 'data');
const tokensFile = join(folder, 'tokens.yml');
const SESSION: Record<Name, string> = { ana: 'of-ana', ben: 'of-ben' };
let server: ServerProcess;

const as = (name: Name): ApiClient =>
  new ApiClient(server.url, { authorization: `Bearer ${TOKENS[name]}` });

const run = async (name: Name, code: string): Promise<string> => {
  const { body } = await as(name).statement({ kind: 'python', code }, SESSION[name]);
  expect(body.error).toBeNull();
  return body.result ?? '';
};

/** What Python says to each of these calls: OK, or the name of its error. */
const tries = async (name: Name, calls: Record<string, string>): Promise<object> => {
  const lines = Object.entries(calls).map(
    ([what, call]) => `attempt(${JSON.stringify(what)}, lambda: ${call})`,
  );
  const code = `import json, os, signal
said = {}
def attempt(what, call):
    try:
        call()
        said[what] = 'OK'
    except OSError as error:
        said[what] = type(error).__name__
${lines.join('\n')}
print(json.dumps(said))`;
  return JSON.parse(await run(name, code)) as object;
};

const refusedAll = (calls: Record<string, string>): object =>
  Object.fromEntries(Object.keys(calls).map((what) => [what, 'PermissionError']));

const text = (path: string): string => JSON.stringify(path);
const uidOf = async (name: Name): Promise<number> =>
  Number(await run(name, 'import os; print(os.getuid())'));
const folderOf = async (name: Name): Promise<string> =>
  (await run(name, "import os; print(os.environ['LIBRA_DRIVER'])")).trim();

const start = (env: Record<string, string> = {}): Promise<ServerProcess> =>
  ServerProcess.start({
    dataDir: folder,
    env: {
      LIBRA_SESSION_MODE: 'ISOLATED',
      LIBRA_SESSION_RUN_AS: IDS.join(', '),
      LIBRA_SECURITY_TOKENS_FILE: tokensFile,
      LIBRA_PYTHON_EXECUTABLE: python ?? '',
      ...env,
    },
  });

beforeAll(async () => {
  if (!canRun) return;
  chmodSync(folder, 0o711);
  const tokens = Object.entries(TOKENS).map(([name, token]) => ({
    name,
    sha256: createHash('sha256').update(token).digest('hex'),
    roles: ['user'],
  }));
  writeFileSync(tokensFile, JSON.stringify(tokens), { mode: 0o600 });
  // As an operator may have left it.
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o755 });
  chmodSync(dataDir, 0o755);
  server = await start();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(canRun)('users of their own', () => {
  it.skip('need a server that runs as root, and a Python that everybody can read', () => {});
});

describe.runIf(canRun)('drivers with users of their own', () => {
  it('give each session another one, which keeps the other out', async () => {
    const [ana, ben] = await Promise.all([uidOf('ana'), uidOf('ben')]);
    expect([ana, ben].sort()).toEqual([...IDS]);
    const stored = (await as('ben').sql('SELECT 7 AS secret', {}, SESSION.ben)).body.jobId;
    const printed = (
      await as('ben').statement({ kind: 'python', code: 'print("secret")' }, SESSION.ben)
    ).body.jobId;
    const others = await folderOf('ben');
    const [bensProcess] = await processesOfUser(ben);
    const calls = {
      tokens: `open(${text(tokensFile)}).read()`,
      'list of the data directory': `os.listdir(${text(dataDir)})`,
      store: `open(${text(join(dataDir, 'libra.db'))}).read()`,
      'log of the store': `open(${text(join(dataDir, 'libra.db-wal'))}).read()`,
      'holder of the lock': `open(${text(join(dataDir, 'server.json'))}).read()`,
      'list of results': `os.listdir(${text(join(dataDir, 'results'))})`,
      "another session's result": `open(${text(join(dataDir, 'results', stored, 'manifest.json'))}).read()`,
      "another session's log": `open(${text(join(dataDir, 'logs', printed, 'stdout'))}).read()`,
      'list of drivers': `os.listdir(${text(join(dataDir, 'drivers'))})`,
      "another driver's folder": `os.listdir(${text(others)})`,
      "another driver's log": `open(${text(join(others, 'driver.log'))}).read()`,
      "another driver's settings": `open(${text(join(others, 'driver.conf'))}).read()`,
      "another driver's files": `os.listdir(${text(join(others, 'own'))})`,
      'its own log, kept for the server': `open(os.environ['LIBRA_DRIVER'] + '/driver.log').read()`,
      'who it is, kept for the server': `open(os.environ['LIBRA_DRIVER'] + '/process', 'a')`,
      'names in its folder': `os.rename(os.environ['LIBRA_DRIVER'] + '/own', os.environ['LIBRA_DRIVER'] + '/other')`,
      'the server': `os.kill(${server.pid}, signal.SIGSTOP)`,
      "another session's process": `os.kill(${bensProcess}, signal.SIGSTOP)`,
      "the server's environment": `open('/proc/${server.pid}/environ').read()`,
      "the server's memory": `open('/proc/${server.pid}/mem').read(1)`,
      "another session's environment": `open('/proc/${bensProcess}/environ').read()`,
      'to be root': 'os.setuid(0)',
    };
    expect(await tries('ana', calls)).toEqual(refusedAll(calls));
    expect(
      await run(
        'ana',
        "print([l for l in open('/proc/self/status') if l.startswith(('Groups', 'NoNewPrivs'))])",
      ),
    ).toContain("'Groups:\\t \\n', 'NoNewPrivs:\\t1\\n'");
  });

  it('leave no other way into the data directory', () => {
    const modes = Object.fromEntries(
      readdirSync(dataDir).map((name) => [name, statSync(join(dataDir, name)).mode & 0o077]),
    );
    const { drivers, ...others } = modes;
    expect([statSync(dataDir).mode & 0o777, drivers]).toEqual([0o711, 0o011]);
    expect(new Set(Object.values(others))).toEqual(new Set([0]));
  });

  it('see nothing of what the server was told', async () => {
    const seen = await run(
      'ana',
      `import os
print(dict(os.environ))
print(spark.sparkContext.getConf().getAll())
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if os.stat('/proc/' + pid).st_uid == os.getuid():
            print(open('/proc/' + pid + '/cmdline').read().replace(chr(0), ' '))
            print(open('/proc/' + pid + '/environ').read().replace(chr(0), ' '))
    except OSError:
        pass  # It has ended meanwhile.`,
    );
    expect(seen).toContain('ChildMain');
    expect(seen.match(/\bLIBRA_(?!DRIVER\b|PYTHON\b)\w+/g)).toBeNull();
    expect(seen).not.toContain(tokensFile);
    expect(seen).not.toMatch(/\b[0-9a-f]{64}\b/);
  });

  it('keep what they write in their folder', async () => {
    const own = join(await folderOf('ana'), 'own');
    const places = await run(
      'ana',
      `import os, tempfile
conf = spark.sparkContext.getConf()
print('\\n'.join([os.environ['HOME'], tempfile.gettempdir(), os.getcwd(), conf.get('spark.local.dir'),
  conf.get('spark.jars.ivy'), spark.conf.get('spark.sql.warehouse.dir').replace('file:', ''),
  spark._jvm.java.lang.System.getProperty('user.home'),
  spark._jvm.java.lang.System.getProperty('java.io.tmpdir')]))`,
    );
    for (const place of places.trim().split('\n')) expect(place.startsWith(own)).toBe(true);
  });

  it('run SQL, Python and functions, with results of any size', async () => {
    const large = await as('ana').sql(
      "SELECT id, repeat('x', 100) AS s FROM range(0, 60000, 1, 4)",
      { rowLimit: 1 },
      SESSION.ana,
    );
    expect(large.body).toMatchObject({ state: 'SUCCESS', rowCount: 60_000, truncated: true });
    const rows = await as('ana').get<string>(`/api/v1/jobs/${large.body.jobId}/result`, {
      accept: 'text/csv',
    });
    expect(rows.body.trim().split(/\r?\n/)).toHaveLength(60_001);
    const stored = join(dataDir, 'results', large.body.jobId);
    for (const name of [...readdirSync(stored), '.']) {
      const { uid, mode } = statSync(join(stored, name));
      expect([uid, mode & 0o077]).toEqual([process.getuid?.(), 0]);
    }
    expect(
      await run(
        'ana',
        `from pyspark.sql.functions import udf
import os, getpass
who = udf(lambda n: os.getuid())
print({row[0] for row in spark.range(4).select(who('id')).collect()} == {str(os.getuid())}, getpass.getuser())
spark.range(10).write.mode('overwrite').saveAsTable('mine')
print(spark.table('mine').count())`,
      ),
    ).toMatch(/^True uid-\d+\n10\n$/);
  });

  it('read the jar that was uploaded, and no other one', async () => {
    const jar = join(folder, 'job.jar');
    makeJar(
      jar,
      {
        'org.example.Count': `public static void main(String[] args) {
          System.out.println(org.apache.spark.sql.SparkSession.active().range(41).count() + 1); }`,
      },
      sparkHome(),
    );
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(readFileSync(jar))]), 'job.jar');
    const answer = await fetch(`${server.url}/api/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.ana}` },
      body: form,
    });
    const { fileId } = (await answer.json()) as { fileId: string };
    for (const _ of [1, 2]) {
      const { body } = await as('ana').statement(
        { kind: 'jar-class', filePath: fileId, mainClass: 'org.example.Count' },
        SESSION.ana,
      );
      expect([body.error, body.result]).toEqual([null, '42\n']);
    }
    const calls = {
      upload: `open(${text(join(dataDir, 'files', fileId, 'job.jar'))}).read()`,
      'the copy of another session': `open(${text(join(await folderOf('ana'), 'files', fileId, 'job.jar'))}).read()`,
    };
    expect(await tries('ben', calls)).toEqual(refusedAll(calls));
  });

  it('can be stopped in the middle', async () => {
    const endless = await as('ana').sql(
      'SELECT count(*) FROM range(10000000000000)',
      { wait: '0s' },
      SESSION.ana,
    );
    await as('ana').reached(endless.body.jobId, 'RUNNING');
    await as('ana').cancel(endless.body.jobId);
    expect((await as('ana').ended(endless.body.jobId)).state).toBe('CANCELLED');
  });
});

/** While the last row waits, Python does this to the folder of the result; then it is stored. */
const tamper = async (deed: string): Promise<JobBody> => {
  const own = join(await folderOf('ben'), 'own', 'tmp', randomUUID());
  const deeds = await as('ben').statement(
    {
      kind: 'python',
      wait: '0s',
      code: `import os, time
own = ${text(own)}
os.mkdir(own)
def slow(n):
    while n > 0 and not os.path.exists(own + '/go'):
        time.sleep(0.02)
    return n
spark.udf.register('slow', slow, 'long')
open(own + '/ready', 'w').close()
def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.02)
wait_for(own + '/job')
result = os.environ['LIBRA_DRIVER'] + '/results/' + os.listdir(own + '/job')[0]
chunk = result + '/chunk-00000.arrow'
wait_for(chunk)
${deed}
open(own + '/go', 'w').close()
wait_for(own + '/done')`,
    },
    SESSION.ben,
  );
  await expect.poll(() => existsSync(join(own, 'ready')), { timeout: 60_000 }).toBe(true);
  const { body } = await as('ben').sql(
    'SELECT slow(id) AS n FROM range(0, 2, 1, 2)',
    { wait: '0s' },
    SESSION.ben,
  );
  // Made elsewhere, so that the name is in it as soon as it is there.
  mkdirSync(join(own, 'new', body.jobId), { recursive: true });
  chmodSync(join(own, 'new'), 0o755);
  renameSync(join(own, 'new'), join(own, 'job'));
  const ended = await as('ben').ended(body.jobId);
  expect((await as('ben').job(deeds.body.jobId)).body).toMatchObject({ state: 'RUNNING' });
  writeFileSync(join(own, 'done'), '');
  expect(await as('ben').ended(deeds.body.jobId)).toMatchObject({ state: 'SUCCESS', error: null });
  return ended;
};

describe.runIf(canRun)('a result that a driver has tampered with', () => {
  it.each([
    [
      'a symlink to a file of the server',
      `os.remove(chunk); os.symlink(${text(tokensFile)}, chunk)`,
    ],
    [
      'a file with a second name',
      `os.link(chunk, os.environ['HOME'] + '/second' + str(time.time()))`,
    ],
    ['a pipe', `os.remove(chunk); os.mkfifo(chunk)`],
    ['a folder', `os.mkdir(result + '/more')`],
    ['a file of an odd name', `open(result + '/a b', 'w').close()`],
    ['more than it may have', `os.truncate(chunk, 2 << 30)`],
  ])('is refused: %s', async (_, deed) => {
    const job = await tamper(deed);
    expect([job.state, job.error?.code]).toEqual(['FAILED', 'RESULT_NOT_STORED']);
    expect(job.error?.message).toContain('was refused');
    expect((await as('ben').get(`/api/v1/jobs/${job.jobId}/result`)).status).toBe(409);
    expect(existsSync(join(dataDir, 'results', job.jobId))).toBe(false);
    expect(
      server.logLines.some(
        ({ msg, jobId }) => msg === 'a result was refused' && jobId === job.jobId,
      ),
    ).toBe(true);
  });

  it('is stored where nothing was wrong', async () => {
    expect(await tamper('pass')).toMatchObject({ state: 'SUCCESS', rowCount: 2 });
  });
});

describe.runIf(canRun)('the end of a session with a user of its own', () => {
  it('ends all that runs as it, frees the id, and leaves no file', async () => {
    const third = await as('ana').statement({ kind: 'python', code: 'print(1)' }, 'third');
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, expect.any(String)]);

    const uid = await uidOf('ana');
    const left = (
      await run(
        'ana',
        `import os, sys, subprocess, tempfile
subprocess.Popen(['bash', '-c', 'setsid env -i sleep 10000 & setsid env -i sleep 10000 &'])
fd, name = tempfile.mkstemp(dir='/tmp', prefix='libra-left-')
folder = tempfile.mkdtemp(dir='/dev/shm', prefix='libra-left-')
open(folder + '/x', 'w').close()
print(name); print(folder)`,
      )
    )
      .trim()
      .split('\n');
    const place = await folderOf('ana');
    const deleted = await as('ana').call('DELETE', `/api/v1/sessions/${SESSION.ana}`);
    expect([202, 204]).toContain(deleted.status);
    await expect.poll(() => processesOfUser(uid), { timeout: 60_000 }).toEqual([]);
    await expect.poll(() => [place, ...left].filter(existsSync), { timeout: 60_000 }).toEqual([]);

    const again = await as('ana').statement(
      { kind: 'python', code: 'import os; print(os.getuid())' },
      'again',
    );
    expect([again.body.error, again.body.result]).toEqual([null, `${uid}\n`]);
  });

  it('comes with the next server where the last one was killed', async () => {
    const [uid] = IDS;
    await server.kill();
    server = await start();
    for (const id of IDS) expect(await processesOfUser(id)).toEqual([]);
    expect(readdirSync(join(dataDir, 'drivers'))).toEqual([]);
    expect(uid).toBeGreaterThan(0);
  });
});

describe.runIf(canRun)('a server that cannot give users away', () => {
  const output = async (env: Record<string, string>): Promise<string> => {
    await server.stop();
    return start(env).then(
      async (started) => {
        await started.stop();
        return 'it started';
      },
      (error: unknown) => String(error),
    );
  };

  it('says which path drivers could not read', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const hidden = openPython(join(closed, 'python'));
    const said = await output({ LIBRA_PYTHON_EXECUTABLE: hidden ?? '' });
    expect(said).toContain('libra.session.run-as: driver processes cannot read');
    expect(said).toContain(`${hidden} (because of ${closed})`);
  });
});
