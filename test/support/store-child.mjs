// A server's store in a process of its own: `node store-child.mjs DIST DATA_DIR hold|insert`.
// JavaScript, because Node 20 does not run TypeScript; it uses what `npm run build` has made.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { v7 as uuid } from 'uuid';

const [dist, dataDir, task] = process.argv.slice(2);
const { SqliteStore } = await import(
  pathToFileURL(join(dist, 'store', 'sqlite', 'sqlite-store.js')).href
);
const store = new SqliteStore({ dataDir });
const say = (line) => process.stdout.write(`${line}\n`);

try {
  await store.open();
} catch (error) {
  say(`refused ${error.kind} ${error.message}`);
  process.exit(3);
}
await store.servers.register(`child-${process.pid}`, Date.now());
say('open');

const request = {
  kind: 'sql',
  code: `SELECT '${'x'.repeat(500)}'`,
  filePath: null,
  mainClass: null,
  args: [],
  pool: 'default',
  description: null,
  name: null,
  tags: { from: 'child' },
  sparkConfig: {},
  parameters: [],
  rowLimit: 1000,
  onOverflow: 'TRUNCATE',
  maxRuntimeMs: null,
  context: null,
  retry: null,
};

const insert = async () => {
  const job = {
    id: uuid(),
    sessionId: 'default',
    owner: 'anonymous',
    executor: 'embedded',
    state: 'QUEUED',
    attempt: 1,
    request,
    requestId: null,
    submittedAt: Date.now(),
    startedAt: null,
    completedAt: null,
    progress: 0,
    waitingFor: null,
    cancelCause: null,
    error: null,
    result: null,
    applicationId: null,
    sparkUiUrl: null,
    resultPrunedAt: null,
    serverId: 'child',
    lastEventId: 0,
  };
  await store.jobs.create({ job, secrets: { 'a.secret': 'hunter2' }, idempotency: null });
  await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', { startedAt: Date.now() });
  return job.id;
};

// Only what has been acknowledged is said. A pause now and then, so that the line gets out.
if (task === 'insert') {
  for (let n = 1; ; n += 1) {
    say(await insert());
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
setInterval(() => {}, 1000);
