/** Keep-alive clients in a loop, in a process of their own. */
import http from 'node:http';

const url = process.argv[2] ?? '';
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
let literal = 3_000_000_000;

const statement = (code: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ kind: 'sql', code });
    const request = http.request(
      `${url}/api/v1/sessions/default/statements`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const answer = JSON.parse(Buffer.concat(parts).toString()) as { state: string };
          if (answer.state === 'SUCCESS') resolve();
          else reject(new Error(JSON.stringify(answer)));
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });

process.on('message', async (task: { template: string; parallel: number; ms: number }) => {
  const times: number[] = [];
  const end = performance.now() + task.ms;
  const loops = Array.from({ length: task.parallel }, async () => {
    while (performance.now() < end) {
      literal += 1;
      const code = task.template.replaceAll('#', String(literal));
      const startedAt = performance.now();
      await statement(code);
      times.push(performance.now() - startedAt);
    }
  });
  await Promise.all(loops);
  process.send?.(times);
});
