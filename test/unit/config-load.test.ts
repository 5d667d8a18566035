import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, type ConfigFault } from '../../src/config/config-error.ts';
import type { ConfigFiles } from '../../src/config/config-files.ts';
import { load } from '../../src/config/load.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface FileSpec {
  readonly text: string;
  readonly mode?: number;
}

const inMemory = (specs: Readonly<Record<string, string | FileSpec>>): ConfigFiles => {
  const files = new Map(
    Object.entries(specs).map(([path, spec]) => [
      path,
      typeof spec === 'string' ? { text: spec, mode: 0o600 } : { mode: 0o600, ...spec },
    ]),
  );
  return {
    read: (path) => files.get(path)?.text ?? null,
    mode: (path) => files.get(path)?.mode ?? null,
    list: (folder) =>
      [...files.keys()]
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
  };
};

const loadWith = (
  env: Readonly<Record<string, string>>,
  specs: Readonly<Record<string, string | FileSpec>> = {},
) =>
  load(env, {
    projectRoot: '/srv/libra',
    workingDir: '/home/ana',
    files: inMemory({
      '/srv/libra/config/application.yml': '',
      '/srv/libra/config/application-local.yml': '',
      ...specs,
    }),
  });

const faultsOf = (run: () => unknown): readonly ConfigFault[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the configuration was accepted');
};

const yaml = (text: string) => ({ '/srv/libra/config/application.yml': text });

describe('where settings come from', () => {
  it('has defaults for everything', () => {
    const config = loadWith({});
    expect(config.server).toMatchObject({ address: '127.0.0.1', port: 8080, bodyLimit: 4_194_304 });
    expect(config.libra.session).toEqual({
      mode: 'SHARED',
      maxSessions: 10,
      maxLightSessions: 1000,
      timeoutMinutes: 30,
      warm: 0,
      memory: null,
      startTimeout: 180_000,
      dedicatedIdle: 120_000,
      runAs: [],
    });
    expect(config.libra.shutdown.drain).toBe(15_000);
    expect(config.spark.master).toBe('local[*]');
    expect(config.profiles).toEqual(['local']);
    expect(config.warnings).toEqual([]);
  });

  it('lets profiles win over application.yml, later profiles over earlier, the environment over all', () => {
    const specs = {
      ...yaml(
        'server: { port: 1001 }\nspark: { master: "local[1]", app-name: base }\nlibra: { data-dir: /base }',
      ),
      '/srv/libra/config/application-one.yml': 'server: { port: 1002 }\nspark: { app-name: one }',
      '/srv/libra/config/application-two.yml': 'server: { port: 1003 }',
    };
    const config = loadWith({ LIBRA_PROFILES: 'one, two', LIBRA_DATA_DIR: '/env' }, specs);
    expect(config.profiles).toEqual(['one', 'two']);
    expect(config.server.port).toBe(1003);
    expect(config.spark).toMatchObject({ appName: 'one', master: 'local[1]' });
    expect(config.libra.dataDir).toBe('/env');
    expect(loadWith({ LIBRA_PROFILES: 'two,one' }, specs).server.port).toBe(1002);
  });

  it('merges Spark settings key by key; a null takes one away, and numbers stay as written', () => {
    const config = loadWith(
      { LIBRA_PROFILES: 'two', SPARK_CONFIG: '{"spark.b":"env","spark.n":1,"spark.t":true}' },
      {
        ...yaml(
          'spark:\n  config:\n    spark.a: 1.10\n    spark.b: base\n    spark.c: gone\n    spark.exp: 1e3',
        ),
        '/srv/libra/config/application-two.yml':
          'spark: { config: { spark.c: null, spark: { tree: { leaf: x } } } }',
      },
    );
    expect(config.spark.config).toEqual({
      'spark.a': '1.10',
      'spark.b': 'env',
      'spark.exp': '1e3',
      'spark.tree.leaf': 'x',
      'spark.n': '1',
      'spark.t': 'true',
    });
  });

  it('reads the profiles of Spring only where ours are not set', () => {
    const specs = { '/srv/libra/config/application-docker.yml': '' };
    expect(loadWith({ SPRING_PROFILES_ACTIVE: 'docker' }, specs).profiles).toEqual(['docker']);
    const both = loadWith({ SPRING_PROFILES_ACTIVE: 'docker', LIBRA_PROFILES: 'local' }, specs);
    expect(both.profiles).toEqual(['local']);
    expect(both.warnings).toEqual([expect.stringContaining('SPRING_PROFILES_ACTIVE')]);
  });

  it.each(['LIBRA_RESULTS_MAX_BYTES', 'LIBRA_RESULTS_MAXBYTES'])('understands %s', (variable) => {
    expect(loadWith({ [variable]: '64MiB' }).libra.results.maxBytes).toBe(64 * 1024 * 1024);
  });

  it('reads every kind of value from text', () => {
    const config = loadWith({
      LIBRA_SESSION_MODE: 'isolated',
      SERVER_PORT: '0',
      LIBRA_SQL_ALLOW_TRANSFORM: 'TRUE',
      LIBRA_FILES_ALLOWED_ROOTS: '/a, sub',
      LIBRA_DRIVER_PORT_RANGE: '50000-50099',
      LIBRA_SESSION_TIMEOUT_MINUTES: '0.5',
      LIBRA_HISTORY_MAX_AGE: '36h',
      LIBRA_REDACTION_PATTERN: '(?i)pin|secret',
    });
    expect(config.libra.session.mode).toBe('ISOLATED');
    expect(config.server.port).toBe(0);
    expect(config.libra.sql.allowTransform).toBe(true);
    expect(config.libra.files.allowedRoots).toEqual(['/a', '/home/ana/sub']);
    expect(config.libra.driver.portRange).toEqual({ first: 50_000, last: 50_099 });
    expect(config.libra.session.timeoutMinutes).toBe(0.5);
    expect(config.libra.history.maxAge).toBe(129_600_000);
    expect(config.libra.redactionPattern).toBe('pin|secret');
  });

  it('starts relative paths at the working directory, and derives what nobody set', () => {
    const config = loadWith({ LIBRA_DATA_DIR: 'data' });
    expect(config.libra.dataDir).toBe('/home/ana/data');
    expect(config.libra.results.dir).toBe('/home/ana/data/results');
    expect(config.libra.files.allowedRoots).toEqual(['/home/ana/data', '/home/ana']);
    expect(config.spark.home).toBe('/srv/libra/.spark/home');
    expect(config.spark.fairschedulerFile).toBe('/srv/libra/config/fairscheduler.xml');
  });

  it('looks for its files where LIBRA_CONFIG_DIR says', () => {
    const specs = {
      '/etc/libra/application.yml': 'server: { port: 9999 }',
      '/etc/libra/application-local.yml': '',
    };
    expect(loadWith({ LIBRA_CONFIG_DIR: '/etc/libra' }, specs).server.port).toBe(9999);
  });

  it('fills placeholders from the environment, and leaves those of Spark alone', () => {
    const text =
      'spark:\n  app-name: ${NAME}\n  master: ${MASTER:local[2]}\n  config: { a: "${spark.b}", c: "${env:HOME}" }';
    const config = loadWith({ NAME: 'mine' }, yaml(text));
    expect(config.spark.appName).toBe('mine');
    expect(config.spark.master).toBe('local[2]');
    expect(config.spark.config).toEqual({ a: '${spark.b}', c: '${env:HOME}' });
    expect(faultsOf(() => loadWith({}, yaml(text)))).toEqual([
      { where: '/srv/libra/config/application.yml:2', message: expect.stringContaining('NAME') },
    ]);
  });

  it('passes over what Kubernetes injects, and what the scripts and tests read', () => {
    const config = loadWith({
      LIBRA_SERVICE_HOST: '10.0.0.1',
      LIBRA_SERVICE_PORT_HTTP: '80',
      LIBRA_PORT: 'tcp://10.0.0.1:80',
      LIBRA_PORT_80_TCP_ADDR: '10.0.0.1',
      LIBRA_API_SERVICE_HOST: '10.0.0.1',
      LIBRA_API_PORT: 'tcp://10.0.0.1:80',
      SERVER_PORT: 'tcp://10.0.0.1:80',
      SERVER_PORT_80_TCP_PROTO: 'tcp',
      SPARK_MASTER_PORT: 'tcp://10.0.0.2:7077',
      SPARK_MASTER_SERVICE_HOST: '10.0.0.2',
      LIBRA_SETUP: 'skip',
      LIBRA_TEST_ANYTHING: '1',
      LIBRA_DATA_DIR: '',
    });
    expect(config.server.port).toBe(8080);
    expect(config.spark.master).toBe('local[*]');
    expect(config.libra.dataDir).toBe('/home/ana/.libra');
  });

  it('hands on what Java, Hadoop and Spark read, and is frozen all the way down', () => {
    const config = loadWith({ JAVA_HOME: '/jdk', HADOOP_CONF_DIR: '/hadoop', JAVA_OPTS: '' });
    expect(config.environment).toMatchObject({
      javaHome: '/jdk',
      hadoopConfDir: '/hadoop',
      javaOpts: null,
    });
    expect(Object.isFrozen(config.libra.session)).toBe(true);
    expect(Object.isFrozen(config.libra.files.allowedRoots)).toBe(true);
  });
});

describe('faults', () => {
  it('lists all of them at once, each with its place', () => {
    const text = [
      'server:',
      '  prot: 80',
      '  body-limit: lots',
      'libra:',
      '  session: 5',
      '  shutdown:',
      '    drain: 15',
      'sprak: {}',
      'spark:',
      '  config: [a]',
    ].join('\n');
    const env = { LIBRA_SESION_MODE: 'SHARED', LIBRA_SERVER_PORT: '1', SERVER_PORT: '70000' };
    expect(faultsOf(() => loadWith({ ...env, LIBRA_PROFILES: 'locla' }, yaml(text)))).toEqual([
      {
        where: 'LIBRA_PROFILES',
        message: 'there is no application-locla.yml in /srv/libra/config; did you mean local?',
      },
      {
        where: '/srv/libra/config/application.yml:2',
        message: 'unknown key server.prot; did you mean server.port?',
      },
      {
        where: '/srv/libra/config/application.yml:5',
        message: expect.stringContaining('libra.session is a section: expected keys such as mode'),
      },
      {
        where: '/srv/libra/config/application.yml:8',
        message: 'unknown key sprak; did you mean spark?',
      },
      { where: 'LIBRA_SERVER_PORT', message: 'unknown variable; did you mean SERVER_PORT?' },
      { where: 'LIBRA_SESION_MODE', message: 'unknown variable; did you mean LIBRA_SESSION_MODE?' },
      {
        where: 'SERVER_PORT',
        message: 'server.port: expected a whole number from 0 to 65535, not "70000"',
      },
      {
        where: '/srv/libra/config/application.yml:3',
        message: expect.stringMatching(
          /^server.body-limit: expected a number of bytes.*not "lots"$/,
        ),
      },
      {
        where: '/srv/libra/config/application.yml:7',
        message: expect.stringMatching(/^libra.shutdown.drain: expected .*such as 30s, not 15$/),
      },
      {
        where: '/srv/libra/config/application.yml:10',
        message: expect.stringMatching(/^spark.config: expected a map/),
      },
    ]);
  });

  it('puts every fault into one message', () => {
    const run = () => loadWith({ LIBRA_X: '1', SERVER_PORT: 'x' });
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(/^The configuration has 2 faults:\n {2}- LIBRA_X: .*\n {2}- SERVER_PORT: /);
  });

  it.each([
    ['a bad indent', 'server:\n  port: 80\n address: x', ':3:'],
    ['an open quote', 'server:\n  address: "127', ':2:'],
    ['the same key twice', 'server:\n  port: 80\n  port: 81', ':3:3'],
    ['a tab', 'server:\n\tport: 80', ':2:'],
  ])('gives line and column of %s', (_, text, place) => {
    const faults = faultsOf(() => loadWith({}, yaml(text)));
    expect(faults[0]?.where).toContain(`/srv/libra/config/application.yml${place}`);
    expect(faults[0]?.message).toMatch(/^not valid YAML: /);
  });

  it.each([
    ['server: 1', 'server is a section'],
    ['- a\n- b', 'expected sections'],
    ['server: { port: 1 }\n---\nserver: { port: 2 }', 'one YAML document'],
    ['server: { port: *port }', 'no anchor'],
    ['server: { port: 80.5 }', 'whole number'],
    ['server: { port: [80] }', 'whole number'],
    ['server: { request-timeout: soon }', 'a whole number and a unit'],
    ['libra: { session: { mode: SHARD } }', 'one of SHARED, ISOLATED'],
    ['libra: { session: { timeout-minutes: 0 } }', 'greater than 0'],
    ['libra: { sql: { allow-transform: maybe } }', 'true or false'],
    ['libra: { driver: { port-range: 9000-8000 } }', 'the lower one first'],
    ['libra: { redaction-pattern: "(" }', 'a regular expression'],
    ['libra: { files: { allowed-roots: [1, {}] } }', 'a list of text'],
    ['spark: { config: { spark.a: [1] } }', 'a map of keys'],
    ['spark: { app-name: "" }', 'text'],
  ])('refuses %s', (text, message) => {
    const faults = faultsOf(() => loadWith({}, yaml(text)));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain(message);
  });

  it('names the line of the one bad value in a map', () => {
    const text = 'spark:\n  config:\n    spark.a: 1\n    spark.b: [2]';
    expect(faultsOf(() => loadWith({}, yaml(text)))[0]?.where).toBe(
      '/srv/libra/config/application.yml:4 (spark.b)',
    );
  });

  it('only warns of the sections of Spring', () => {
    const config = loadWith({}, yaml('spring: { x: 1 }\nmanagement: {}\nserver: { port: 1 }'));
    expect(config.server.port).toBe(1);
    expect(config.warnings).toEqual([
      expect.stringContaining('/srv/libra/config/application.yml:1'),
      expect.stringContaining('management'),
    ]);
  });

  it('says so when there is no application.yml', () => {
    expect(faultsOf(() => loadWith({ LIBRA_CONFIG_DIR: '/nowhere' }))[0]).toEqual({
      where: '/nowhere/application.yml',
      message: expect.stringContaining('LIBRA_CONFIG_DIR'),
    });
  });

  it('refuses one setting said twice in different words', () => {
    const both = { LIBRA_DATA_DIR: '/a', LIBRA_DATADIR: '/b' };
    expect(faultsOf(() => loadWith(both))).toEqual([
      { where: 'LIBRA_DATA_DIR', message: 'says something else than LIBRA_DATADIR' },
    ]);
    expect(loadWith({ LIBRA_DATA_DIR: '/a', LIBRA_DATADIR: '/a' }).libra.dataDir).toBe('/a');
  });

  it('refuses single Spark settings as variables, whose case would be lost', () => {
    const faults = faultsOf(() => loadWith({ SPARK_CONFIG_SPARK_EXECUTOR_MEMORY: '2g' }));
    expect(faults[0]?.message).toContain('SPARK_CONFIG to a JSON object');
  });
});

describe('security', () => {
  const token = { name: 'ana', sha256: sha256('t-1'), roles: ['user'] };

  it.each(['0.0.0.0', '::', '192.0.2.7', 'libra.example.org'])(
    'refuses to listen on %s without tokens, and says how to go on',
    (address) => {
      const [fault] = faultsOf(() => loadWith({ SERVER_ADDRESS: address }));
      expect(fault?.where).toBe('SERVER_ADDRESS');
      expect(fault?.message).toMatch(/runs the code.*LIBRA_SECURITY_TOKENS.*ALLOW_ANONYMOUS=true/);
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost'])(
    'needs none on %s',
    (address) => {
      expect(loadWith({ SERVER_ADDRESS: address }).server.address).toBe(address);
    },
  );

  it('listens further with tokens, or when anonymous callers are meant', () => {
    const open = { SERVER_ADDRESS: '0.0.0.0' };
    const env = { ...open, LIBRA_SECURITY_TOKENS: JSON.stringify([token]) };
    expect(loadWith(env).libra.security.tokens).toEqual([{ ...token, expiresAt: null }]);
    const meant = loadWith({ ...open, LIBRA_SECURITY_ALLOW_ANONYMOUS: 'true' });
    expect(meant.libra.security.allowAnonymous).toBe(true);
  });

  it('gives drivers users of their own only where callers are told apart', () => {
    const env = { LIBRA_SESSION_RUN_AS: '20001-20002' };
    const [fault] = faultsOf(() => loadWith(env));
    expect(fault?.message).toMatch(/run-as.*without tokens/);
    const meant = loadWith({ ...env, LIBRA_SECURITY_ALLOW_ANONYMOUS: 'true' });
    expect(meant.libra.session.runAs).toEqual([20_001, 20_002]);
  });

  it('adds the tokens of a file to those of the settings', () => {
    const text = `libra:\n  security:\n    tokens:\n      - { name: ana, sha256: ${token.sha256}, roles: [user] }`;
    const config = loadWith(
      { LIBRA_SECURITY_TOKENS_FILE: 'tokens.json' },
      {
        ...yaml(text),
        '/home/ana/tokens.json': JSON.stringify({
          tokens: [
            {
              name: 'ops',
              sha256: sha256('t-2').toUpperCase(),
              roles: ['operator'],
              expiresAt: '2030-01-31T00:00:00Z',
            },
          ],
        }),
      },
    );
    expect(config.libra.security.tokens).toEqual([
      { ...token, expiresAt: null },
      {
        name: 'ops',
        sha256: sha256('t-2'),
        roles: ['operator'],
        expiresAt: Date.UTC(2030, 0, 31),
      },
    ]);
    expect(config.warnings).toEqual([]);
  });

  it('warns of a tokens file that everyone can read', () => {
    const config = loadWith(
      { LIBRA_SECURITY_TOKENS_FILE: '/tokens.yml' },
      { '/tokens.yml': { text: '[]', mode: 0o644 } },
    );
    expect(config.warnings).toEqual([expect.stringContaining('/tokens.yml')]);
  });

  it.each([
    ['no such file', '/missing.yml', 'no such file'],
    ['a file that is no list', '/words.yml', 'expected a list of'],
    ['a file that is no YAML', '/broken.yml', 'cannot be read'],
  ])('refuses %s', (_, path, message) => {
    const specs = { '/words.yml': 'hush-hush', '/broken.yml': '- { name: "hush-hush' };
    const run = () =>
      loadWith({ LIBRA_SECURITY_TOKENS_FILE: path, SERVER_ADDRESS: '0.0.0.0' }, specs);
    const faults = faultsOf(run);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.where).toBe(path);
    expect(faults[0]?.message).toContain(message);
    expect(JSON.stringify(faults)).not.toContain('hush');
  });

  it.each([
    ['a plain token', { ...token, token: 'hush-hush' }],
    ['a short hash', { ...token, sha256: 'hush-hush' }],
    ['an unknown role', { ...token, roles: ['hush-hush'] }],
    ['no role', { ...token, roles: [] }],
    ['a name that means everyone', { ...token, name: 'anonymous' }],
    ['an end without a time zone', { ...token, expiresAt: '2030-01-31 00:00' }],
    ['an end that is no date', { ...token, expiresAt: '2030-13-31T00:00:00Z' }],
  ])('refuses a token with %s, and does not repeat it', (_, bad) => {
    const faults = faultsOf(() => loadWith({ LIBRA_SECURITY_TOKENS: JSON.stringify([bad]) }));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain('sha256 has 64 hexadecimal digits');
    expect(JSON.stringify(faults)).not.toContain('hush');
    expect(JSON.stringify(faults)).not.toContain(token.sha256);
  });

  it('refuses one hash for two tokens', () => {
    const twice = JSON.stringify([token, { ...token, name: 'bo' }]);
    expect(faultsOf(() => loadWith({ LIBRA_SECURITY_TOKENS: twice }))[0]?.message).toContain(
      'twice',
    );
  });

  it.each(['LIBRA_SECURITY_TOKENS', 'SPARK_CONFIG'])(
    'does not repeat %s when it is no JSON',
    (variable) => {
      const faults = faultsOf(() => loadWith({ [variable]: '{"spark.password": "hush-hush",}' }));
      expect(faults).toHaveLength(1);
      expect(faults[0]?.message).toContain('a JSON');
      expect(JSON.stringify(faults)).not.toContain('hush');
    },
  );

  it('does not quote a file whose syntax is wrong', () => {
    const text =
      'spark:\n  config:\n    spark.password: "hush-hush" hush\n    b: \\hush\n  x: @hush';
    const faults = faultsOf(() => loadWith({}, yaml(text)));
    expect(faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(faults)).not.toContain('hush');
  });
});
