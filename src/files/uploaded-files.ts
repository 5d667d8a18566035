import { join } from 'node:path';
import type { StoredFile } from '../domain/file.ts';
import { type Identity, maySee } from '../domain/identity.ts';
import type { FileStore } from '../store/store.ts';
import { isWithin, trace } from './local-path.ts';

const FILE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isFileId = (text: string): boolean => FILE_ID.test(text);

/** The way from the id of an uploaded file to its place, for those who may use it. */
export class UploadedFiles {
  readonly #store: FileStore;
  readonly #dir: string;

  constructor(store: FileStore, dir: string) {
    this.#store = store;
    this.#dir = dir;
  }

  /** Null for what is not there, or belongs to others. */
  async find(identity: Identity, id: string): Promise<StoredFile | null> {
    const file = await this.#store.get(id.toLowerCase());
    return file !== null && maySee(identity, file.owner) ? file : null;
  }

  pathOf(file: StoredFile): string {
    return join(this.#dir, file.id, file.name);
  }

  /** A path into the folder of uploads is the file of somebody: its owner's to name. */
  async mayName(identity: Identity, resolved: string): Promise<boolean> {
    const dir = (await trace(this.#dir)).path;
    if (!isWithin(dir, resolved)) return true;
    const [id = ''] = resolved.slice(dir.length + 1).split('/');
    return isFileId(id) && (await this.find(identity, id)) !== null;
  }
}
