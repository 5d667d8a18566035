import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readDockerfile } from './dockerfile.ts';
import { copyRoot, emptyRoot, type ImageRoot, ImageWalk } from './image-walk.ts';

const VENV = resolve('.spark/venv');
const SYSTEM_PYTHON = '/usr/bin/python3';

/** The Python that stands for the one of the images: 3.14 takes minutes to build. */
export interface StandIn {
  readonly version: string;
  readonly minor: string;
  /** Every user of the machine may run it. */
  readonly open: boolean;
}

const versionOf = (python: string): string =>
  execFileSync(python, ['-c', 'import platform; print(platform.python_version())'], {
    encoding: 'utf8',
  }).trim();

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/**
 * What python.org would serve, of the version that is set up here: `make install` makes an
 * environment with the packages that are set up.
 */
export const pythonSource = (folder: string): { url: string; sha256: string; python: StandIn } => {
  const ours = versionOf(join(VENV, 'bin/python'));
  const open = existsSync(SYSTEM_PYTHON) && minorOf(versionOf(SYSTEM_PYTHON)) === minorOf(ours);
  const base = execFileSync(
    open ? SYSTEM_PYTHON : join(VENV, 'bin/python'),
    ['-c', 'import os, sys; print(os.path.realpath(sys._base_executable))'],
    { encoding: 'utf8' },
  ).trim();
  const version = versionOf(base);
  const minor = minorOf(version);
  const packages = join(VENV, 'lib', `python${minor}`, 'site-packages');
  const name = `Python-${version}`;
  mkdirSync(join(folder, version, name), { recursive: true });
  writeFileSync(
    join(folder, version, name, 'configure'),
    `#!/usr/bin/env bash
set -eu
for option in "$@"; do case $option in --prefix=*) prefix=\${option#*=} ;; esac; done
printf 'all:\\ninstall:\\n\\tbash install.sh %s\\n' "$prefix" > Makefile
`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(folder, version, name, 'install.sh'),
    `set -eu
${base} -m venv --without-pip "$1"
rm -rf "$1/bin/python${minor}"
ln -s ${base} "$1/bin/python${minor}"
cp -a --link ${packages}/. "$1/lib/python${minor}/site-packages/" 2> /dev/null ||
  cp -a ${packages}/. "$1/lib/python${minor}/site-packages/"
`,
  );
  const archive = join(folder, version, `${name}.tar.xz`);
  execFileSync('tar', ['-cJf', archive, '-C', join(folder, version), name]);
  rmSync(join(folder, version, name), { recursive: true });
  const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
  return { url: `file://${folder}`, sha256, python: { version, minor, open } };
};

/** The image of Node.js, of the Node.js that runs this. */
const nodeImage = (root: string): ImageRoot => {
  const home = dirname(dirname(process.execPath));
  const local = join(root, 'usr/local');
  const npm = ['lib/node_modules/npm', 'share/nodejs/npm'].map((path) => join(home, path));
  const headers = [join(home, 'include/node'), '/usr/include/node'];
  for (const folder of ['bin', 'include', 'lib/node_modules']) {
    mkdirSync(join(local, folder), { recursive: true });
  }
  execFileSync('cp', ['-aL', process.execPath, join(local, 'bin/node')]);
  execFileSync('cp', ['-aL', headers.find(existsSync) ?? headers[0] ?? '', join(local, 'include')]);
  execFileSync('cp', [
    '-aL',
    npm.find(existsSync) ?? npm[0] ?? '',
    join(local, 'lib/node_modules'),
  ]);
  return { root, env: {}, workdir: '/' };
};

/** The images of others, by what this machine has of them. */
const images = (): Readonly<Record<string, (root: string) => ImageRoot | null>> => {
  const { args, stages } = readDockerfile('Dockerfile');
  const maven = stages.find(({ name }) => name === 'shim')?.from ?? '';
  return {
    [args.UBI_IMAGE ?? '']: emptyRoot,
    [maven]: emptyRoot,
    node: nodeImage,
  };
};

export interface BuiltServer {
  readonly spark: ImageRoot;
  readonly libra: ImageRoot;
  readonly python: StandIn;
  /** What only the distribution's package manager could have done. */
  readonly skipped: readonly string[];
}

export const buildServerImage = (folder: string): BuiltServer => {
  chmodSync(folder, 0o755);
  const source = join(folder, 'source');
  const { url, sha256, python } = pythonSource(source);
  const walk = new ImageWalk({
    dockerfile: 'Dockerfile',
    folder: join(folder, 'libra'),
    args: { PYTHON_VERSION: python.version, PYTHON_SHA256: sha256, PYTHON_SOURCE_URL: url },
    images: images(),
  });
  const libra = walk.run();
  return { spark: walk.stage('spark'), libra, python, skipped: walk.skipped };
};

/** A variant on the Spark of `spark`. */
export const buildVariant = (name: string, folder: string, spark: ImageRoot): ImageRoot =>
  new ImageWalk({
    dockerfile: `docker/${name}/Dockerfile`,
    folder: join(folder, name),
    args: {},
    images: { ...images(), 'whereq/spark:4.0.1-base': (root) => copyRoot(spark, root) },
  }).run();
