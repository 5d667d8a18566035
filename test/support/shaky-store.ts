import type { Store } from '../../src/store/store.ts';
import { StoreUnavailableError } from '../../src/store/store.ts';

/** A real store behind a disk that a test can take away: writes and reads reject while it is. */
export interface ShakyStore extends Store {
  broken: boolean;
  /** Called before each method of `jobs`, `files` and `pools`, with its name: a place to hold a call up. */
  before: (method: string) => Promise<void>;
}

export const shakyStore = (store: Store): ShakyStore => {
  const guard = <T extends object>(target: T, watch: boolean): T =>
    new Proxy(target, {
      get: (object, property) => {
        const value = Reflect.get(object, property, object);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (watch) await shaky.before(String(property));
          if (shaky.broken) throw new StoreUnavailableError('no space left on the device');
          return value.apply(object, args);
        };
      },
    });
  const shaky: ShakyStore = {
    broken: false,
    before: async () => {},
    jobs: guard(store.jobs, true),
    sessions: guard(store.sessions, false),
    files: guard(store.files, true),
    pools: guard(store.pools, true),
    servers: guard(store.servers, false),
    findKeyed: (...args) => guard(store, false).findKeyed(...args),
    open: () => store.open(),
    health: () => store.health(),
    backup: (file) => store.backup(file),
    close: () => store.close(),
  };
  return shaky;
};
