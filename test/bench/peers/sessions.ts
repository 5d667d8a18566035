import { type Answer, ApiClient } from '../../support/api-client.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { pause, quantile, timed } from '../figures.ts';
import type { Field } from './field.ts';
import type { Report } from './report.ts';
import { CONSTANT } from './statements.ts';

const TIMES = 15;
const CONTEXT = { kind: 'python', context: 'bench' } as const;
const REST_MS = 300;

const succeeded = ({ body }: Answer): void => {
  if (body.state !== 'SUCCESS') throw new Error(JSON.stringify(body));
};

/** Python on a driver that is there; the peers run it beside their clients. */
export const python = async (field: Field, report: Report): Promise<void> => {
  const api = new ApiClient(field.libra.url);
  const code = 'print(spark.range(100).count())';
  for (const [measure, fields] of [
    ['a fresh interpreter, p50 ms', { kind: 'python', code }],
    ['in a context, p50 ms', { ...CONTEXT, code }],
  ] as const) {
    const times: number[] = [];
    for (let n = -20; n < TIMES; n++) {
      const took = await timed(async () => succeeded(await api.statement(fields)));
      if (n >= 0) times.push(took);
      await pause(REST_MS);
    }
    report.add({ task: 'python', measure, subject: 'libra', value: quantile(times, 0.5) });
  }
};

/** A new session to its first answer. Those of Spark Connect share the one driver. */
export const sessions = async (field: Field, report: Report): Promise<void> => {
  const api = new ApiClient(field.libra.url);
  const light: number[] = [];
  const connect: number[] = [];
  for (let n = 0; n < TIMES; n++) {
    const code = CONSTANT.replace('#', String(n));
    light.push(await timed(async () => succeeded(await api.sql(code, {}, `light-${n}`))));
    connect.push(await field.clients.connect.ask<number>({ do: 'session', template: CONSTANT }));
  }
  const task = 'a new session to its first answer';
  const add = (measure: string, subject: string, value: number) =>
    report.add({ task, measure, subject, value });
  add('on a shared driver, p50 ms', 'libra', quantile(light, 0.5));
  add('on a shared driver, p50 ms', 'connect', quantile(connect, 0.5));
  add('with a driver of its own from the stock, p50 ms', 'libra', await fromStock());
};

const fromStock = async (): Promise<number> => {
  const server = await ServerProcess.start({
    env: { LIBRA_SESSION_MODE: 'ISOLATED', LIBRA_SESSION_WARM: '1' },
  });
  const api = new ApiClient(server.url);
  const stands = async (): Promise<boolean> => {
    const { body } = await api.get<string>('/actuator/prometheus');
    return /^libra_driver_processes\{(?=[^}]*"warm")(?=[^}]*"ready")[^}]*\} 1$/m.test(body);
  };
  const times: number[] = [];
  try {
    for (let n = 0; n < 5; n++) {
      while (!(await stands())) await pause(200);
      await pause(8000);
      const code = CONSTANT.replace('#', String(n));
      times.push(await timed(async () => succeeded(await api.sql(code, {}, `own-${n}`))));
      await api.call('DELETE', `/api/v1/sessions/own-${n}`);
    }
  } finally {
    await server.stop();
  }
  return quantile(times, 0.5);
};
