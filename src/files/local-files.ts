import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AllowedPlaces, Standing } from './allowed-places.ts';
import { hasControl, isSpecialToSpark } from './file-name.ts';
import { trace } from './local-path.ts';
import { type Field, notUsable, outsideRoots } from './refusals.ts';

/**
 * Finds files of this machine that jobs may name. Whatever lies outside of the allowed places is
 * refused in the same words whether it exists or not: nobody explores the machine with it.
 */
export class LocalFiles {
  readonly #places: AllowedPlaces;

  constructor(places: AllowedPlaces) {
    this.#places = places;
  }

  /** The path with links resolved: what is checked is what is passed on. */
  async find(path: string, field: Field): Promise<string> {
    if (hasControl(path)) {
      throw notUsable(field, 'The path holds a control character.', 'accepts a path of text');
    }
    const candidates = path.startsWith('/')
      ? [path]
      : this.#places.roots.map((root) => `${root}/${path}`);
    const standings = new Set<Standing>();
    for (const candidate of candidates) {
      const traced = await trace(candidate);
      const standing = await this.#places.standing(traced.path);
      if (standing === 'open' && traced.exists) return this.#usable(traced.path, path, field);
      standings.add(standing);
    }
    if (standings.has('outside') || !standings.has('open'))
      throw outsideRoots(field, this.#places.roots);
    throw notUsable(field, `There is no file ${path}.`, 'accepts a file that is there');
  }

  /** `file:/x` and `file:///x`, escapes resolved; a host other than this one has no files here. */
  async findUri(uri: string, field: Field): Promise<string> {
    let path: string;
    try {
      const url = new URL(uri);
      if (url.hash !== '' || url.search !== '') throw new TypeError('more than a path');
      path = fileURLToPath(url);
    } catch {
      throw outsideRoots(field, this.#places.roots);
    }
    return this.find(path, field);
  }

  /** Whether a path that names no uploaded file may be named at all; it need not exist. */
  async requireInside(path: string, field: Field): Promise<string> {
    const traced = await trace(path);
    if (path.startsWith('/') && (await this.#places.standing(traced.path)) === 'open')
      return traced.path;
    throw outsideRoots(field, this.#places.roots);
  }

  /** `<folder>/<id>/<name>`, of our own making; somebody may have laid hands on it meanwhile. */
  async stored(path: string, field: Field): Promise<string> {
    const id = dirname(path);
    const folder = (await trace(dirname(id))).path;
    const resolved = (await trace(path)).path;
    const untouched = resolved === join(folder, basename(id), basename(path));
    if (untouched && (await faultOf(resolved)) === null) return resolved;
    throw notUsable(
      field,
      'The uploaded file is not on the disk any more.',
      'accepts a file that is there',
    );
  }

  async #usable(resolved: string, asked: string, field: Field): Promise<string> {
    if (isSpecialToSpark(resolved)) {
      throw notUsable(
        field,
        `Spark would not take ${asked} for the name of one file: it holds one of , * ? [ ] { } \\ # %.`,
        'accepts a path without , * ? [ ] { } \\ # %',
      );
    }
    const fault = asked.endsWith('/') ? 'is no file' : await faultOf(resolved);
    if (fault === null) return resolved;
    throw notUsable(field, `${asked} ${fault}.`, 'accepts a file that the server can read');
  }
}

/** Opened, so that it is known to be readable, but no device or pipe, where opening is an act. */
const faultOf = async (path: string): Promise<string | null> => {
  try {
    if (!(await lstat(path)).isFile()) return 'is no file';
    const handle = await open(
      path,
      constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
    );
    try {
      return (await handle.stat()).isFile() ? null : 'is no file';
    } finally {
      await handle.close();
    }
  } catch {
    return 'cannot be read by the server';
  }
};
