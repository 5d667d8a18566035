import { dirname } from 'node:path';
import { isWithin, trace } from './local-path.ts';

export interface PlacesOptions {
  /** Folders whose files jobs may name. */
  readonly roots: readonly string[];
  /** What lies inside of them and is the server's own: folders and files. */
  readonly closed: readonly string[];
  /** The data directory: what lies directly in it is the store and its lock. */
  readonly dataDir: string;
}

/** Of a path that need not exist: open to jobs, the server's own, or in no root at all. */
export type Standing = 'open' | 'closed' | 'outside';

/** Which local paths jobs may name. Everything is compared after its links are resolved. */
export class AllowedPlaces {
  readonly #options: PlacesOptions;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get roots(): readonly string[] {
    return this.#options.roots;
  }

  /** Takes a traced path. Roots are traced each time: they may be made, or moved, meanwhile. */
  async standing(path: string): Promise<Standing> {
    if (!(await this.#roots()).some((root) => isWithin(root, path))) return 'outside';
    if (dirname(path) === (await realPathOf(this.#options.dataDir))) return 'closed';
    for (const closed of this.#options.closed) {
      if (isWithin(await realPathOf(closed), path)) return 'closed';
    }
    return 'open';
  }

  #roots(): Promise<readonly string[]> {
    return Promise.all(this.#options.roots.map(realPathOf));
  }
}

const realPathOf = async (path: string): Promise<string> => (await trace(path)).path;
