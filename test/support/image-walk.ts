import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Instruction, readDockerfile, type Stage } from './dockerfile.ts';

/** A folder that stands for the root of an image, and what its ENV says. */
export interface ImageRoot {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
}

export interface WalkOptions {
  readonly dockerfile: string;
  /** Holds the roots of all stages. */
  readonly folder: string;
  readonly args: Readonly<Record<string, string>>;
  /** What stands for the images of others, by the name of their stage or the image itself. */
  readonly images: Readonly<Record<string, (root: string) => ImageRoot | null>>;
  /** Secrets of the build. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Only what these stages need is walked through, as builders do it; all by default. */
  readonly target?: string;
}

const ROOT = resolve(import.meta.dirname, '../..');

/** Absolute paths that lie in an image; all others are this machine's. */
const OF_THE_IMAGE = /(?<![\w.}])\/(build|opt|usr\/local|var\/lib\/libra|work|home)(?![\w-])/g;
const within = (root: string, text: string): string => text.replaceAll(OF_THE_IMAGE, `${root}/$1`);

/** A command with its paths; a script that is told of the root puts it before the others itself. */
const commandWithin = (root: string, command: string): string =>
  /^\/build\/runtime\.sh/.test(command) ? `${root}${command}` : within(root, command);

/** What only the package manager of the distribution can do. */
const OF_THE_DISTRIBUTION = /^microdnf /;

/**
 * Follows a Dockerfile without an engine: stage by stage, each COPY and each RUN in a folder that
 * stands for the root of the image. Steps of the package manager are left out; this machine has
 * what they would install.
 */
export class ImageWalk {
  readonly #options: WalkOptions;
  readonly #stages = new Map<string, ImageRoot>();
  readonly skipped: string[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  run(): ImageRoot {
    const { dockerfile } = this.#options;
    const { args, stages } = readDockerfile(dockerfile);
    const global = { ...args, ...this.#options.args };
    let last: ImageRoot | null = null;
    for (const [number, stage] of stages.entries()) {
      last = this.#walk(stage, `${number}-${stage.name ?? 'last'}`, global);
      if (stage.name !== null) this.#stages.set(stage.name, last);
    }
    if (last === null) throw new Error(`${dockerfile} has no stage`);
    return last;
  }

  stage(name: string): ImageRoot {
    const stage = this.#stages.get(name);
    if (stage === undefined) throw new Error(`there is no stage ${name}`);
    return stage;
  }

  #walk(stage: Stage, name: string, global: Readonly<Record<string, string>>): ImageRoot {
    const root = join(this.#options.folder, name);
    mkdirSync(root, { recursive: true, mode: 0o755 });
    const from = filled(stage.from, global);
    const made = this.#options.images[stage.name ?? from] ?? this.#options.images[from];
    const base = this.#stages.get(from);
    const start = base === undefined ? (made?.(root) ?? null) : copyRoot(base, root);
    if (start === null) throw new Error(`nothing stands for the image ${from}`);
    const known: Record<string, string> = {};
    let env: Record<string, string> = { ...start.env };
    let workdir = start.workdir;
    for (const each of stage.instructions) {
      switch (each.name) {
        case 'ARG': {
          const [key = '', ...rest] = each.value.split('=');
          const value = this.#options.args[key] ?? (rest.length > 0 ? rest.join('=') : global[key]);
          if (value !== undefined) known[key] = value;
          break;
        }
        case 'ENV':
          for (const [, key = '', quoted, bare = ''] of each.value.matchAll(
            /([\w.-]+)=(?:"([^"]*)"|(\S*))/g,
          )) {
            const value = filled(quoted ?? bare, { ...known, ...env });
            env = { ...env, [key]: within(root, value) };
          }
          break;
        case 'WORKDIR':
          workdir = each.value;
          mkdirSync(join(root, workdir), { recursive: true });
          break;
        case 'COPY':
          this.#copy(each, root, workdir);
          break;
        case 'RUN':
          this.#execute(each, root, workdir, { ...known, ...env });
          break;
        default:
      }
    }
    return { root, env, workdir };
  }

  #copy({ value }: Instruction, root: string, workdir: string): void {
    const words = value.split(/\s+/);
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    const mode = words.find((word) => word.startsWith('--chmod='))?.slice('--chmod='.length);
    const paths = words.filter((word) => !word.startsWith('--'));
    const target = paths.pop() ?? '';
    const source = from === undefined ? ROOT : this.stage(from).root;
    const to = target.startsWith('/') ? join(root, target) : join(root, workdir, target);
    const sources = paths.flatMap((path) => matching(source, path));
    if (sources.length === 0) throw new Error(`COPY ${value}: there is no such file`);
    const intoFolder = target.endsWith('/') || target === '.' || sources.length > 1;
    for (const path of sources) {
      const folder = statSync(path).isDirectory();
      const place = !folder && intoFolder ? join(to, basename(path)) : to;
      mkdirSync(folder ? place : dirname(place), { recursive: true });
      // A change of rights would reach the repository through a link.
      copy(folder ? `${path}/.` : path, place, from !== undefined);
      if (mode !== undefined) execFileSync('chmod', [mode, place]);
    }
    relink(to, source, root);
  }

  #execute(
    { value }: Instruction,
    root: string,
    workdir: string,
    env: Readonly<Record<string, string>>,
  ): void {
    const mounts = [...value.matchAll(/--mount=(\S+)\s*/g)].map(([, options = '']) =>
      Object.fromEntries(options.split(',').map((option) => option.split('='))),
    );
    const command = value.replaceAll(/--mount=\S+\s*/g, '');
    if (OF_THE_DISTRIBUTION.test(command)) {
      this.skipped.push(command);
      return;
    }
    const secrets = join(this.#options.folder, 'secrets');
    mkdirSync(secrets, { recursive: true });
    for (const mount of mounts) {
      const { type, id, source, target } = mount as Record<string, string>;
      if (type === 'bind' && source !== undefined && target !== undefined) {
        mkdirSync(dirname(join(root, target)), { recursive: true });
        copy(join(ROOT, source), join(root, target), false);
      }
      const secret = id === undefined ? undefined : this.#options.secrets?.[id];
      if (secret !== undefined) writeFileSync(join(secrets, id ?? ''), secret, { mode: 0o600 });
    }
    try {
      execFileSync('bash', ['-euc', commandWithin(root, command)], {
        cwd: join(root, workdir),
        stdio: 'pipe',
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        env: { ...machine(), ...env, ROOT: root, SECRETS_DIR: secrets },
      });
    } catch (cause) {
      const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
      throw new Error(`RUN ${command}\n${stdout ?? ''}\n${stderr ?? ''}`);
    } finally {
      rmSync(secrets, { recursive: true, force: true });
      for (const { type, target } of mounts as Record<string, string>[]) {
        if (type === 'bind' && target !== undefined) rmSync(join(root, target), { force: true });
      }
    }
  }
}

/** Of this machine's environment what a build has as well. */
const machine = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'JAVA_HOME', 'LANG', 'MAVEN_OPTS', 'HTTPS_PROXY', 'https_proxy'].flatMap(
      (name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value] as const];
      },
    ),
  );

/** `${NAME}` and `$NAME`, and `$PATH` of this machine where none is set. */
const filled = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    /\$\{?(\w+)\}?/g,
    (_, name: string) => values[name] ?? (name === 'PATH' ? (process.env.PATH ?? '') : ''),
  );

const matching = (source: string, path: string): readonly string[] => {
  const whole = join(source, path);
  if (!path.includes('*')) return existsSync(whole) ? [whole] : [];
  const pattern = new RegExp(`^${basename(path).replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return readdirSync(dirname(whole))
    .filter((name) => pattern.test(name))
    .map((name) => join(dirname(whole), name));
};

/** As links where it may: a Spark has hundreds of megabytes, which nobody changes. */
const copy = (from: string, to: string, linked: boolean): void => {
  const link = linked && statSync(from).dev === statSync(dirname(to)).dev;
  execFileSync('cp', ['-a', '--force', ...(link ? ['--link'] : []), from, to]);
};

/** The same root at another place. */
export const copyRoot = (base: ImageRoot, root: string): ImageRoot => {
  copy(`${base.root}/.`, root, true);
  relink(root, base.root, root);
  const moved = ([key, value]: [string, string]) => [key, value.replaceAll(base.root, root)];
  return { ...base, root, env: Object.fromEntries(Object.entries(base.env).map(moved)) };
};

/** Absolute links mean the image that they lie in. */
const relink = (path: string, from: string, to: string): void => {
  if (from === ROOT) return;
  const links = execFileSync('find', [path, '-type', 'l', '-lname', `${from}/*`], {
    encoding: 'utf8',
  });
  for (const link of links.split('\n').filter((each) => each !== '')) {
    const target = readlinkSync(link).replace(from, to);
    rmSync(link);
    symlinkSync(target, link);
  }
};

export const javaHome = (): string => {
  const script = 'source bin/lib/common.sh; find_java_home';
  return execFileSync('bash', ['-c', script], { cwd: ROOT, encoding: 'utf8' }).trim();
};

/** A root with as much of a distribution as the scripts look at. */
export const emptyRoot = (root: string): ImageRoot => {
  for (const folder of ['etc', 'usr/bin', 'usr/local/bin', 'opt', 'home']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  const java = join(javaHome(), 'bin/java');
  if (lstatSync(join(root, 'usr/bin/java'), { throwIfNoEntry: false }) === undefined) {
    symlinkSync(java, join(root, 'usr/bin/java'));
  }
  return { root, env: {}, workdir: '/' };
};
