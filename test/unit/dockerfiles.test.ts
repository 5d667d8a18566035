import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  IMAGES,
  kept,
  pairsOf,
  readDockerfile,
  type Stage,
  valuesOf,
} from '../support/dockerfile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const text = (file: string): string => readFileSync(resolve(ROOT, file), 'utf8');
const { version, spark } = JSON.parse(text('package.json')) as {
  version: string;
  spark: { version: string };
};

/** What the builder gets to see: .dockerignore lets single files and folders in again. */
const inContext = (path: string): boolean =>
  text('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .some((line) => path === line.slice(1) || path.startsWith(`${line.slice(1)}/`));

const copies = (stage: Stage) =>
  valuesOf(stage, 'COPY').map((value) => {
    const words = value.split(/\s+/);
    const paths = words.filter((word) => !word.startsWith('--')).slice(0, -1);
    return { from: words.find((word) => word.startsWith('--from='))?.slice(7) ?? null, paths };
  });

describe.each(IMAGES)('%s', (file) => {
  const dockerfile = readDockerfile(file);
  const { args, stages } = dockerfile;
  const result = kept(dockerfile);

  it('copies what is there, from the repository and from its own stages', () => {
    const names = new Set<string>();
    for (const stage of stages) {
      for (const { from, paths } of copies(stage)) {
        if (from !== null) expect([...names]).toContain(from);
        else
          for (const path of paths) {
            expect(existsSync(resolve(ROOT, path)), path).toBe(true);
            expect(inContext(path), path).toBe(true);
          }
      }
      if (stage.name !== null) names.add(stage.name);
    }
  });

  it('runs scripts that it has copied or mounted, and that can be run', () => {
    for (const stage of stages) {
      const scripts = valuesOf(stage, 'RUN').flatMap((value) => value.match(/[\w-]+\.sh/g) ?? []);
      for (const script of scripts) {
        const path = resolve(ROOT, 'docker/scripts', script);
        expect(statSync(path).mode & 0o111, script).toBe(0o111);
        const given = [...valuesOf(stage, 'COPY'), ...valuesOf(stage, 'RUN')].join('\n');
        const inherited = stages.find(({ name }) => name === stage.from)?.instructions ?? [];
        expect(`${given}\n${inherited.map(({ value }) => value).join('\n')}`).toContain(
          `docker/scripts/${script}`,
        );
      }
    }
  });

  it('stands on images of a certain version', () => {
    const own = new Set(stages.map(({ name }) => name));
    for (const { from } of stages) {
      const image = from.replace(/\$\{(\w+)\}/, (_, name: string) => args[name] ?? '');
      if (own.has(image)) continue;
      expect(image).toMatch(/^[a-z0-9.-]+(\/[a-z0-9.-]+)+:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/);
    }
  });

  it('keeps no secret, and nothing that builds', () => {
    for (const stage of result) {
      const said = stage.instructions.map(({ name, value }) => `${name} ${value}`).join('\n');
      expect(said).not.toMatch(/^(ARG|ENV) ([^=]*=\S* )*[^=\s]*(USERNAME|PASSWORD|TOKEN)/im);
      expect(said).not.toContain('type=secret');
      expect(valuesOf(stage, 'RUN').join('\n')).not.toMatch(
        /\b(gcc|make|maven|npm|[\w-]+-devel)\b/,
      );
    }
    for (const stage of stages.filter((each) => !result.includes(each))) {
      // A build argument of every stage that fetches, so that the documented one works.
      const fetches = valuesOf(stage, 'RUN').some((value) => value.includes('type=secret'));
      const known = Object.keys(pairsOf(stage, 'ARG')).concat(valuesOf(stage, 'ARG'));
      if (fetches)
        expect(known).toEqual(expect.arrayContaining(['HTTPS_USERNAME', 'HTTPS_PASSWORD']));
    }
  });

  it('runs as a user by number that is not root, in group 0', () => {
    expect(result.flatMap((stage) => valuesOf(stage, 'USER')).at(-1)).toBe('185:0');
  });

  it('says what it is', () => {
    const labels = Object.assign({}, ...result.map((stage) => pairsOf(stage, 'LABEL')));
    expect(Object.keys(labels)).toEqual(
      expect.arrayContaining(
        ['title', 'description'].map((name) => `org.opencontainers.image.${name}`),
      ),
    );
  });

  it('names the versions that the project names', () => {
    for (const stage of stages) {
      const defaults = pairsOf(stage, 'ARG');
      for (const [name, wanted] of [
        ['SPARK_VERSION', spark.version],
        ['PYTHON_VERSION', '3.14.0'],
        ['LIBRA_VERSION', version],
      ] as const) {
        if (name in defaults) expect(defaults[name]).toBe(wanted);
      }
    }
    if (args.SPARK_IMAGE !== undefined && args.SPARK_IMAGE !== 'spark') {
      expect(args.SPARK_IMAGE).toBe(`whereq/spark:${spark.version}-base`);
    }
  });
});

describe('the two images with Spark', () => {
  it('are the same as far as Spark, Java and Python go', () => {
    const part = (file: string): string => {
      const whole = text(file);
      const begin = whole.indexOf('# --- Python, from its source');
      return whole.slice(begin, whole.indexOf('ENTRYPOINT ["/opt/entrypoint.sh"]'));
    };
    expect(part('Dockerfile')).toBe(part('docker/base/Dockerfile'));
    expect(part('Dockerfile').length).toBeGreaterThan(1000);
    expect(readDockerfile('Dockerfile').args.UBI_IMAGE).toBe(
      readDockerfile('docker/base/Dockerfile').args.UBI_IMAGE,
    );
  });

  it.each([
    ['Dockerfile', ['8080', '4040', '7078', '7079']],
    ['docker/base/Dockerfile', ['7077', '8081']],
  ])('can be asked whether they are well, at ports that they name: %s', (file, ports) => {
    const last = readDockerfile(file).stages.at(-1) as Stage;
    const health = valuesOf(last, 'HEALTHCHECK').join('');
    expect(health).toMatch(
      /--interval=\d+s --timeout=\d+s --start-period=\d+s --retries=\d+ CMD \["sh"/,
    );
    expect(valuesOf(last, 'EXPOSE').join(' ').split(' ')).toEqual(ports);
    expect(ports).toContain(/:-(\d+)\}/.exec(health)?.[1]);
  });

  it('have Node.js 24 on UBI 9 minimal', () => {
    const { args, stages } = readDockerfile('Dockerfile');
    expect(args.UBI_IMAGE).toMatch(/\/ubi9\/ubi-minimal:9\./);
    expect(stages.find(({ name }) => name === 'node')?.from).toMatch(/\/node:24\./);
  });
});
