import { describe, expect, it } from 'vitest';
import { load } from '../../src/config/load.ts';
import { sparkEnvironment } from '../../src/processes/spark-environment.ts';

const SERVER = {
  PATH: '/usr/bin',
  HOME: '/home/libra',
  LIBRA_STORE_SYNCHRONOUS: 'FULL',
  SPARK_AUTHENTICATE_SECRET: 'shared',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'hidden',
};

const seen = (env: Readonly<Record<string, string>>) => {
  const { environment, projectRoot } = load(env);
  return sparkEnvironment(
    { projectRoot, sparkHome: '/opt/spark', localIp: null, environment },
    { master: 'local[2]', home: '/own', tmp: '/own/tmp', javaOptions: [] },
  );
};

describe('what a program of Spark sees of the environment of the server', () => {
  it('is a short list', () => {
    expect(Object.keys(seen(SERVER)).sort()).toEqual([
      'HOME',
      'LANG',
      'PATH',
      'PYTHONDONTWRITEBYTECODE',
      'PYTHONIOENCODING',
      'SPARK_HOME',
      'SPARK_LOCAL_IP',
      'SPARK_SUBMIT_OPTS',
      'TMPDIR',
    ]);
  });

  it('and what libra.driver.environment names, where it is set', () => {
    const names = 'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,AWS_REGION,HOME,SPARK_SUBMIT_OPTS';
    const given = seen({ ...SERVER, LIBRA_DRIVER_ENVIRONMENT: names });
    expect(given).toMatchObject({ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'hidden' });
    expect(given).not.toHaveProperty('AWS_REGION');
    expect(given.HOME).toBe('/own');
    expect(given.SPARK_SUBMIT_OPTS).toContain('-Djava.io.tmpdir=/own/tmp');
  });

  it('and how Spark is to name this machine', () => {
    expect(seen({ ...SERVER, SPARK_LOCAL_HOSTNAME: '10.1.2.3' })).toMatchObject({
      SPARK_LOCAL_HOSTNAME: '10.1.2.3',
    });
  });

  it.each(['LIBRA_SECURITY_TOKENS', 'AWS_REGION,SPARK_CONFIG', 'A=B', 'A B'])(
    'but never what is ours or no name: %s',
    (names) => {
      expect(() => seen({ ...SERVER, LIBRA_DRIVER_ENVIRONMENT: names })).toThrow(
        /LIBRA_DRIVER_ENVIRONMENT: .*names of variables/,
      );
    },
  );
});
